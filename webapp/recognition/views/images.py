"""Support pictures: uploaded, looked at, moved, deleted and brought back; zips of them imported."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.core.errors import UserError
from webapp.core.forms import sent_pictures
from webapp.core.responses import STOP_POLLING, done, fragment
from webapp.recognition import services
from webapp.recognition.models import SupportImage, ZipImport, ZipUpload
from webapp.recognition.views.support_sets import CHANGED, board, find_class, find_support_set


@require_POST
def upload(request: OwnedRequest, support_set_id: UUID, class_id: UUID) -> HttpResponse:
    """Add pictures to a class; show beside the name of each refused file why."""
    support_class = find_class(request, support_set_id, class_id)
    support_set = support_class.support_set
    files = sent_pictures(request)
    report = services.add_images(support_set=support_set, class_name=support_class.name, files=files)
    if not request.htmx:
        return _upload_in_words(request, support_set_id, report)
    pictures = SupportImage.objects.present().filter(id__in=[image.id for image in report.accepted])
    context = {"support_set": support_set, "pictures": pictures, "report": report}
    status = 200 if report.accepted else 422
    return render(request, "recognition/_upload_report.html", context, status=status)


def _upload_in_words(request: OwnedRequest, support_set_id: UUID, report: services.UploadReport) -> HttpResponse:
    accepted = len(report.accepted)
    messages.info(request, ngettext("%d picture was added.", "%d pictures were added.", accepted) % accepted)
    for refused in report.refused:
        messages.error(request, f"{refused.file}: {refused.reason}")
    for warning in report.warnings:
        messages.warning(request, warning)
    return redirect("support_set", support_set_id)


@require_safe
def view(request: OwnedRequest, support_set_id: UUID, image_id: UUID) -> HttpResponse:
    """Show one picture large, with what can be done to it, or where that is."""
    picture = _find_image(request, support_set_id, image_id)
    support_set = picture.support_class.support_set
    names = support_set.classes.present().values_list("name", flat=True)
    context = {"picture": picture, "support_set": support_set, "class_names": names}
    context["look_only"] = "look_only" in request.GET
    return render(request, "recognition/_viewer.html", context)


@require_POST
def move(request: OwnedRequest, support_set_id: UUID, image_id: UUID) -> HttpResponse:
    """Move a picture to another class."""
    picture = _find_image(request, support_set_id, image_id)
    services.move_image(image=picture, class_name=request.POST.get("class_name", ""))
    return _picture_in_its_class(request, picture, gone_from_before=True)


@require_POST
def delete(request: OwnedRequest, support_set_id: UUID, image_id: UUID) -> HttpResponse:
    """Delete a picture, and offer to undo it."""
    services.delete_image(image=_find_image(request, support_set_id, image_id))
    undo = _("The picture is deleted."), reverse("image_restore", args=[support_set_id, image_id])
    return done(request, "support_set", support_set_id, undo=undo, headers=CHANGED)


@require_POST
def restore(request: OwnedRequest, support_set_id: UUID, image_id: UUID) -> HttpResponse:
    picture = _find_image(request, support_set_id, image_id)
    services.restore_image(image=picture)
    return _picture_in_its_class(request, picture)


@require_POST
def upload_zip(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Show what classes a zip would make, before any is made."""
    support_set = find_support_set(request, support_set_id)
    file = request.FILES.get("file")
    if file is None:
        raise UserError("unusable_archive", _("Choose a zip file first."))
    upload = services.upload_zip(support_set=support_set, file=file)
    return _zip_panel(request, support_set_id, {"zip_upload": upload})


@require_POST
def import_upload(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Start to import a zip whose classes were shown."""
    zip_import = services.import_upload(upload=_sent_upload(request, support_set_id))
    return _zip_panel(request, support_set_id, {"zip_import": zip_import})


@require_POST
def discard_upload(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Go back: nothing of the zip is imported."""
    services.discard_upload(upload=_sent_upload(request, support_set_id))
    return _zip_panel(request, support_set_id, {})


@require_safe
def import_status(request: OwnedRequest, import_id: UUID) -> HttpResponse:
    """Show how far an import is; once it is over, show the classes anew and end the polling."""
    return _import_panel(request, _find_import(request, import_id))


@require_POST
def cancel_import(request: OwnedRequest, import_id: UUID) -> HttpResponse:
    """Stop an import; what it already took in stays."""
    zip_import = _find_import(request, import_id)
    services.cancel_import(zip_import=zip_import)
    if not request.htmx:
        return redirect("support_set", zip_import.support_set_id)
    return _import_panel(request, zip_import)


def _zip_panel(request: OwnedRequest, support_set_id: UUID, context: dict[str, Any]) -> HttpResponse:
    if not request.htmx:
        return redirect("support_set", support_set_id)
    return render(request, "recognition/_zip_import.html", context)


def _import_panel(request: OwnedRequest, zip_import: ZipImport) -> HttpResponse:
    if zip_import.is_active:
        return render(request, "recognition/_zip_import.html", {"zip_import": zip_import})
    context = {"zip_import": zip_import, **board(zip_import.support_set)}
    status = 200 if request.method == "POST" else STOP_POLLING
    return fragment(request, "recognition/_zip_import_over.html", context, status=status, headers=CHANGED)


def _picture_in_its_class(
    request: OwnedRequest, picture: SupportImage, *, gone_from_before: bool = False
) -> HttpResponse:
    support_set = picture.support_class.support_set
    if not request.htmx:
        return redirect("support_set", support_set.id)
    context = {"support_set": support_set, "picture": picture, "gone_from_before": gone_from_before}
    headers = {**CHANGED, "HX-Retarget": f"#pictures-{picture.support_class_id}", "HX-Reswap": "beforeend"}
    return fragment(request, "recognition/_picture_moved.html", context, headers=headers)


def _find_image(request: OwnedRequest, support_set_id: UUID, image_id: UUID) -> SupportImage:
    owned = SupportImage.objects.owned_by(request.owner).select_related("support_class__support_set__owner")
    return get_object_or_404(owned, id=image_id, support_class__support_set=support_set_id)


def _sent_upload(request: OwnedRequest, support_set_id: UUID) -> ZipUpload:
    """Return the zip that a form is about; raise UserError if it is gone, or another was sent meanwhile."""
    uploads = find_support_set(request, support_set_id).zip_uploads.select_related("support_set__owner")
    upload = next((upload for upload in uploads if str(upload.pk) == request.POST.get("zip")), None)
    if upload is None:
        raise services.zip_is_gone()
    return upload


def _find_import(request: OwnedRequest, import_id: UUID) -> ZipImport:
    return get_object_or_404(ZipImport.objects.owned_by(request.owner).select_related("support_set"), id=import_id)
