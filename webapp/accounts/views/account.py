"""The account page: API tokens, the password, the e-mail address."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts import services, tokens
from webapp.accounts.forms import AddressForm, PasswordChangeForm, TokenForm
from webapp.accounts.models import ApiToken
from webapp.accounts.passwords import devices, letters
from webapp.accounts.requests import OwnedRequest
from webapp.accounts.views.signing_in import link_sent
from webapp.core.errors import UserError


@login_required
@never_cache
@require_safe
def account(request: OwnedRequest) -> HttpResponse:
    """Show the account: its API tokens, its password, its e-mail address."""
    return _account_page(request, {})


@login_required
@never_cache
@require_POST
def create_token(request: OwnedRequest) -> HttpResponse:
    """Make an API token and show it this once."""
    form = TokenForm(request.POST, label_suffix="")
    if form.is_valid():
        try:
            _token, secret = tokens.create_token(owner=services.owner_for_writing(request), **form.cleaned_data)
        except UserError as error:
            form.add_error(error.field, error.message)
        else:
            return _account_page(request, {"secret": secret})
    return _account_page(request, {"token_form": form}, status=422)


@require_POST
def revoke_token(request: OwnedRequest, token_id: UUID) -> HttpResponse:
    """Take an API token back: requests that carry it are refused from now on."""
    get_object_or_404(ApiToken.objects.owned_by(request.owner), id=token_id).delete()
    return redirect("account")


@login_required
@require_POST
def revoke_tokens(request: OwnedRequest) -> HttpResponse:
    """Take all API tokens back."""
    messages.success(request, _revoked(tokens.revoke_all(owner=services.owner_for_writing(request))))
    return redirect("account")


@sensitive_post_parameters()
@login_required
@never_cache
@require_POST
def change_password(request: OwnedRequest) -> HttpResponse:
    """Set a new password; this session stays signed in, others do not, nor do programs unless that is asked for."""
    form = PasswordChangeForm(_user(request), request.POST, label_suffix="")
    if not form.is_valid():
        return _account_page(request, {"password_form": form}, status=422)
    user = form.save()
    update_session_auth_hash(request, user)
    devices.remember(request, user)
    messages.success(request, _("Your password is changed, and you are signed out everywhere else."))
    if form.cleaned_data["revoke"]:
        messages.success(request, _revoked(tokens.revoke_all(owner=services.owner_for_writing(request))))
    return redirect("account")


@sensitive_post_parameters()
@login_required
@never_cache
@require_POST
def change_address(request: OwnedRequest) -> HttpResponse:
    """Send a link to a new e-mail address, or forget the one that there is."""
    user = _user(request)
    form = AddressForm(user, request.POST, label_suffix="")
    if not form.is_valid():
        return _account_page(request, {"address_form": form}, status=422)
    if address := form.cleaned_data["address"]:
        letters.ask_to_confirm(request, user, address)
        messages.info(request, link_sent(address))
    else:
        letters.set_address(user, "")
        messages.success(request, _("There is no e-mail address of yours here now."))
    return redirect("account")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: OwnedRequest, token: str) -> HttpResponse:
    """Ask whoever opened the link of a letter to confirm the address, since programs open links too; then do it."""
    confirmed = letters.address_of(token)
    if confirmed is not None and request.method == "POST":
        letters.set_address(*confirmed)
        messages.success(request, _("Your e-mail address is confirmed."))
        return redirect("account" if request.user.is_authenticated else "sign_in")
    context = {"address": confirmed[1], "username": confirmed[0].username} if confirmed else {}
    return render(request, "accounts/address.html", context, status=200 if confirmed else 410)


def _account_page(request: OwnedRequest, changed: dict[str, object], status: int = 200) -> HttpResponse:
    user, owner = _user(request), services.owner_for_writing(request)
    forms = {
        "token_form": TokenForm(label_suffix=""),
        "password_form": PasswordChangeForm(user, label_suffix=""),
        "address_form": AddressForm(user, label_suffix="", initial={"address": user.email}),
    }
    return render(
        request, "accounts/account.html", {**forms, "tokens": owner.api_tokens.all(), **changed}, status=status
    )


def _revoked(n: int) -> str:
    return ngettext("%(n)d token is revoked.", "%(n)d tokens are revoked.", n) % {"n": n}


def _user(request: OwnedRequest) -> User:
    """Return who is signed in, where `login_required` has made sure that somebody is."""
    return cast("User", request.user)
