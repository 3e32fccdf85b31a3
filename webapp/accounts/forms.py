"""What people fill in to sign up, to sign in, to change a password or an address, and to make a token."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm as PlainPasswordChangeForm
from django.contrib.auth.forms import PasswordResetForm, UserCreationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from webapp.accounts import tokens
from webapp.accounts.models import Scope
from webapp.accounts.passwords.backend import is_own_password
from webapp.accounts.passwords.resets import send_link

DAYS = ((30, _("in 30 days")), (90, _("in 90 days")), (365, _("in a year")), (tokens.NEVER, _("never")))


class SignUpForm(UserCreationForm[User]):
    """A user name, a password twice, and an e-mail address for those who want to be able to reset it."""

    email = forms.EmailField(
        label=_("E-mail address (optional)"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Only to reset a forgotten password. It counts once you open the link that we send to it."),
    )
    field_order = ("username", "password1", "password2", "email")

    class Meta:
        model = User
        fields = ("username",)
        labels = {"username": _("User name")}
        widgets = {"username": forms.TextInput(attrs={"autocomplete": "username"})}
        help_texts = {"username": _("Letters, digits and @ . + - _ only.")}


class TokenForm(forms.Form):
    """What a new API token is for, what it may do, and for how long."""

    name = forms.CharField(label=_("What is it for?"), max_length=64, initial=_("My program"))
    scope = forms.ChoiceField(label=_("What may it do?"), choices=Scope.choices, initial=Scope.READ)
    days = forms.TypedChoiceField(label=_("When does it expire?"), choices=DAYS, coerce=int, initial=tokens.USUAL_DAYS)


class OwnPasswordForm(forms.Form):
    """Asks somebody who is signed in for the password again, before what a thief of a session must not do."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Return the password if it is theirs; raise UserError where too many were wrong."""
        return _own_password(self.user, self.cleaned_data["password"])


class AddressForm(OwnPasswordForm):
    """The e-mail address by which a forgotten password can be reset; none if it is left empty."""

    address = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Leave it empty to have none here."),
    )
    field_order = ("address", "password")


class PasswordChangeForm(PlainPasswordChangeForm):
    """The old password, the new one twice, and whether programs lose their tokens."""

    revoke = forms.BooleanField(
        label=_("Also revoke all my API tokens"),
        required=False,
        initial=True,
        help_text=_("Leave this on if somebody else may know your password."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]  # it is one form of several on its page

    def clean_old_password(self) -> str:
        """Return the old password if it is theirs; raise UserError where too many were wrong."""
        return _own_password(self.user, self.cleaned_data["old_password"])


class ResetForm(PasswordResetForm):
    """The address that the link to choose a new password is sent to, if an account has it."""

    def save(self, *, request: HttpRequest, **options: Any) -> None:  # type: ignore[override] # of what one site needs
        """Send the link to every account with this address that can sign in by a password."""
        for user in self.get_users(self.cleaned_data["email"]):
            send_link(user)


def _own_password(user: User, password: str) -> str:
    """Return a password if it is the user's; raise ValidationError if not, UserError where too many were wrong."""
    if not is_own_password(user, password):
        raise ValidationError(_("That is not your password."))
    return password
