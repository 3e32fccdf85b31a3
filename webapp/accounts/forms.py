"""What people fill in to sign up, to sign in, and to name a token."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _


class SignUpForm(UserCreationForm[User]):
    """A user name and a password, twice; no address is asked for."""

    class Meta:
        model = User
        fields = ("username",)
        labels = {"username": _("User name")}
        widgets = {"username": forms.TextInput(attrs={"autocomplete": "username"})}
        help_texts = {"username": _("Letters, digits and @ . + - _ only.")}


class TokenForm(forms.Form):
    """What a new API token is for."""

    name = forms.CharField(label=_("What is it for?"), max_length=64, required=False)
