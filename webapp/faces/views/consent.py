"""The notice on faces: read, agreed to, withdrawn."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.accounts.services import owner_for_writing
from webapp.core.responses import go
from webapp.faces import services
from webapp.faces.views.admission import ConsentedRequest, consented, notice_context


@never_cache
@require_safe
def notice(request: OwnedRequest) -> HttpResponse:
    """Show what is computed, why, for how long it is kept and how it is erased."""
    return render(request, "faces/notice.html", {**notice_context(request), "next": ""})


@require_POST
def agree(request: OwnedRequest) -> HttpResponse:
    """Record the consent, and redirect to where the visitor was going."""
    services.give_consent(owner=owner_for_writing(request))
    target, here = request.POST.get("next", ""), {request.get_host()}
    safe = url_has_allowed_host_and_scheme(target, here, require_https=request.is_secure())
    return redirect(target if safe and target.startswith(reverse("faces")) else "face_verify")


@require_POST
@consented
def withdraw(request: ConsentedRequest) -> HttpResponse:
    """Withdraw the consent, and erase everything that is kept about faces."""
    services.withdraw_consent(owner=request.owner)
    messages.success(request, _("Everything about faces that was yours here is erased, and your consent withdrawn."))
    return go(request, "faces")
