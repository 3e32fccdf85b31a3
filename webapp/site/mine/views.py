"""The page about what one has here, for those with an account and for guests alike."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.forms import OwnPasswordForm
from webapp.accounts.passwords import devices
from webapp.accounts.requests import OwnedRequest
from webapp.site.mine.copies import Copy
from webapp.site.mine.deletion import deletion_of, erase


@never_cache
@require_safe
def show(request: OwnedRequest) -> HttpResponse:
    """Show what would go, and offer a copy."""
    return _page(request, _password_form(request))


@never_cache
@require_POST
def copy(request: OwnedRequest) -> HttpResponseBase:
    """Send a copy of everything, while it is put together."""
    if not request.owner:
        return redirect("my_data")
    headers = {"Content-Disposition": 'attachment; filename="glimpse-copy.zip"'}
    return StreamingHttpResponse(Copy(request.owner), content_type="application/zip", headers=headers)


@sensitive_post_parameters()
@never_cache
@require_POST
def delete(request: OwnedRequest) -> HttpResponse:
    """Delete everything: an account once its password is given, a guest's things at once."""
    if not request.owner:
        return redirect("my_data")
    form = _password_form(request)
    if form is not None and not form.is_valid():
        return _page(request, form, status=422)
    erase(owner=request.owner)
    logout(request)
    messages.success(request, _("Everything of yours is deleted."))
    response = redirect("home")
    response.delete_cookie(devices.COOKIE, samesite="Lax")
    return response


def _password_form(request: OwnedRequest) -> OwnPasswordForm | None:
    """Return the form that asks for the password, which a guest does not have."""
    if not request.user.is_authenticated:
        return None
    return OwnPasswordForm(request.user, request.POST or None, label_suffix="")


def _page(request: OwnedRequest, form: OwnPasswordForm | None, status: int = 200) -> HttpResponse:
    deletion = deletion_of(request.owner) if request.owner else None
    return render(request, "site/mine.html", {"deletion": deletion, "form": form}, status=status)
