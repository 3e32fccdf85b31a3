"""A forgotten password: ask for a link, and choose a new one by it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import (
    INTERNAL_RESET_SESSION_TOKEN,
    PasswordResetConfirmView,
    PasswordResetView,
)
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webapp.accounts import services, throttles, tokens
from webapp.accounts.forms import ResetForm
from webapp.accounts.passwords.resets import minutes
from webapp.accounts.requests import OwnedRequest
from webapp.accounts.throttles import use
from webapp.accounts.views.signing_in import enter


class AskForLink(PasswordResetView):
    """Takes an e-mail address, and says the same whether an account has it or not."""

    template_name = "accounts/reset.html"
    form_class = ResetForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return the form's arguments, with labels as they are elsewhere."""
        return {**super().get_form_kwargs(), "label_suffix": ""}

    def form_valid(self, form: ResetForm) -> HttpResponse:  # type: ignore[override] # of the one form it has
        """Send the link, if there is anybody to send it to; raise UserError where that is asked for too often."""
        letter = use(throttles.LETTERS, form.cleaned_data["email"])
        throttles.take([use(throttles.RESETS, throttles.network_of(self.request)), letter])
        form.save(request=self.request)
        return redirect("password_reset_sent")


class ChoosePassword(PasswordResetConfirmView):
    """Takes a new password from whoever has the link, signs them in, and whoever else was in, out."""

    template_name = "accounts/choose_password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return the form's arguments, with labels as they are elsewhere."""
        return {**super().get_form_kwargs(), "label_suffix": ""}

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        """Set the password, revoke every token, and sign in."""
        user = form.save()
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        tokens.revoke_all(owner=services.owner_of_user(user=user))
        sentence = _("Your password is changed. You are signed out everywhere else, and your API tokens are revoked.")
        messages.success(self.request, sentence)
        return enter(cast("OwnedRequest", self.request), user, to="account")


@require_safe
def sent(request: OwnedRequest) -> HttpResponse:
    """Show that a letter is on its way if somebody has the address."""
    return render(request, "accounts/reset_sent.html", {"minutes": minutes()})
