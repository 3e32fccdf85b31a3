"""Sign up, in and out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts import services, throttles
from webapp.accounts.forms import SignUpForm
from webapp.accounts.passwords import devices, letters
from webapp.accounts.requests import OwnedRequest
from webapp.core.errors import UserError

BACKEND = "webapp.accounts.passwords.backend.ThrottledBackend"


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: OwnedRequest) -> HttpResponse:
    """Make an account, and take along what the visitor made before."""
    if request.method == "POST":
        throttles.take([throttles.use(throttles.SIGN_UPS, throttles.network_of(request))])
    form = SignUpForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        user = form.save()
        answer = enter(request, user)
        if address := form.cleaned_data["email"]:
            _ask_to_confirm(request, user, address)
        return answer
    return render(request, "accounts/sign_up.html", {"form": form, "next": _next(request)})


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: OwnedRequest) -> HttpResponse:
    """Sign in, and take along what the visitor made before."""
    form = AuthenticationForm(request, data=request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        return enter(request, form.get_user())
    return render(request, "accounts/sign_in.html", {"form": form, "next": _next(request)})


@require_POST
def sign_out(request: OwnedRequest) -> HttpResponse:
    """Sign out; what the account made stays with it."""
    logout(request)
    return redirect("home")


def enter(request: OwnedRequest, user: User, to: str = "my_classifiers") -> HttpResponse:
    """Sign somebody in who has shown who they are, with what they made as a guest, and send them on."""
    guest = services.owner_of(request)
    login(request, user, backend=BACKEND)
    services.adopt_guest(owner=guest, user=user)
    request.session.pop(services.GUEST_KEY, None)
    devices.remember(request, user)
    return redirect(_next(request) or to)


def _ask_to_confirm(request: OwnedRequest, user: User, address: str) -> None:
    """Send the link that confirms an address; where no letter may go out now, say so, for the account is there."""
    try:
        letters.ask_to_confirm(request, user, address)
    except UserError as error:
        sentence = _("Your account is there, but no e-mail address. %(reason)s Give it again on your account page.")
        messages.warning(request, sentence % {"reason": error.message})
    else:
        messages.info(request, link_sent(address))


def link_sent(address: str) -> str:
    """Return what is said once a letter to confirm an address is on its way."""
    sentence = _("We have sent a link to %(address)s. Open it within %(hours)d hours, and the address counts.")
    return sentence % {"address": address, "hours": letters.HOURS}


def _next(request: OwnedRequest) -> str:
    """Return where to go afterwards, if that is a page of this site."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    secure = request.is_secure()
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=secure) else ""
