"""Sign up, in and out; the account page with its API tokens."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts import services
from webapp.accounts.forms import SignUpForm, TokenForm
from webapp.accounts.models import ApiToken
from webapp.accounts.requests import OwnedRequest


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: OwnedRequest) -> HttpResponse:
    """Make an account, and take along what the visitor made before."""
    form = SignUpForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        return _enter(request, form.save())
    return render(request, "accounts/sign_up.html", {"form": form, "next": _next(request)})


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: OwnedRequest) -> HttpResponse:
    """Sign in, and take along what the visitor made before."""
    form = AuthenticationForm(request, data=request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        return _enter(request, form.get_user())
    return render(request, "accounts/sign_in.html", {"form": form, "next": _next(request)})


@require_POST
def sign_out(request: OwnedRequest) -> HttpResponse:
    """Sign out; what the account made stays with it."""
    logout(request)
    return redirect("home")


@login_required
@never_cache
@require_safe
def account(request: OwnedRequest) -> HttpResponse:
    """Show the account: its API tokens and its password."""
    return _account_page(request, {})


@login_required
@never_cache
@require_POST
def create_token(request: OwnedRequest) -> HttpResponse:
    """Make an API token and show it this once."""
    form = TokenForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _account_page(request, {"token_form": form}, status=422)
    owner = services.owner_for_writing(request)
    _token, secret = services.create_token(owner=owner, name=form.cleaned_data["name"])
    return _account_page(request, {"secret": secret})


@require_POST
def revoke_token(request: OwnedRequest, token_id: str) -> HttpResponse:
    """Take an API token back: requests that carry it are refused from now on."""
    get_object_or_404(ApiToken.objects.owned_by(request.owner), id=token_id).delete()
    return redirect("account")


@sensitive_post_parameters()
@login_required
@require_POST
def change_password(request: OwnedRequest) -> HttpResponse:
    """Set a new password; this session stays signed in, others do not."""
    form = PasswordChangeForm(_user(request), request.POST, label_suffix="")
    if not form.is_valid():
        return _account_page(request, {"password_form": form}, status=422)
    update_session_auth_hash(request, form.save())
    messages.success(request, _("Your password is changed."))
    return redirect("account")


def _account_page(request: OwnedRequest, changed: dict[str, object], status: int = 200) -> HttpResponse:
    owner = services.owner_for_writing(request)
    password_form = PasswordChangeForm(_user(request), label_suffix="")
    forms = {"token_form": TokenForm(label_suffix=""), "password_form": password_form}
    return render(
        request, "accounts/account.html", {**forms, "tokens": owner.api_tokens.all(), **changed}, status=status
    )


def _user(request: OwnedRequest) -> User:
    """Return who is signed in, where `login_required` has made sure that somebody is."""
    return cast("User", request.user)


def _enter(request: OwnedRequest, user: User) -> HttpResponse:
    guest = services.owner_of(request)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    services.adopt_guest(owner=guest, user=user)
    request.session.pop(services.GUEST_KEY, None)
    return redirect(_next(request) or "my_classifiers")


def _next(request: OwnedRequest) -> str:
    """Return where to go afterwards, if that is a page of this site."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    secure = request.is_secure()
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=secure) else ""
