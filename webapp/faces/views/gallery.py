"""The gallery: people with their faces, kept for a day for those who ask for it."""

from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.faces import services
from webapp.faces.models import EnrolledFace, Person
from webapp.faces.views.admission import consented
from webapp.faces.views.questions import DRAWN, fresh
from webapp.recognition.forms import sent_pictures
from webapp.recognition.views.answers import go

POLICY = "default-src 'none'; sandbox"


@require_safe
@consented
def show(request: OwnedRequest) -> HttpResponse:
    """Show the people of the gallery, or offer to keep one."""
    consent = services.require_consent(owner=request.owner)
    faces = Prefetch("faces", EnrolledFace.objects.defer("embedding"))
    context = {
        "consent": consent,
        "people": Person.objects.owned_by(request.owner).prefetch_related(faces),
        "gallery_hours": round(settings.GLIMPSE_GALLERY_HOURS),
        "limits": settings.GLIMPSE_LIMITS,
        "drawn": DRAWN,
    }
    return render(request, "faces/gallery.html", context)


@require_POST
@consented
def start(request: OwnedRequest) -> HttpResponse:
    """Agree that faces are kept in a gallery."""
    consent = services.require_consent(owner=request.owner)
    services.give_consent(owner=consent.owner, gallery=True)
    return redirect("face_gallery")


@require_POST
@consented
def add(request: OwnedRequest) -> HttpResponse:
    """Add somebody without a photo yet."""
    owner = services.require_gallery(owner=request.owner).owner
    services.add_person(owner=owner, name=request.POST.get("name", ""))
    return redirect("face_gallery")


@require_POST
@consented
def rename(request: OwnedRequest, person_id: UUID) -> HttpResponse:
    """Give somebody another name."""
    services.rename_person(person=find_person(request, person_id), name=request.POST.get("name", ""))
    return redirect("face_gallery")


@require_POST
@consented
def remove(request: OwnedRequest, person_id: UUID) -> HttpResponse:
    """Erase somebody with all their faces."""
    services.remove_person(person=find_person(request, person_id))
    return go(request, "face_gallery")


@require_POST
@consented
def enrol(request: OwnedRequest, person_id: UUID) -> HttpResponse:
    """Remember somebody by photos."""
    return fresh(request, services.enrol(person=find_person(request, person_id), images=sent_pictures(request)))


@require_safe
@consented
def crop(request: OwnedRequest, face_id: UUID) -> HttpResponse:
    """Send the crop of a face that is kept."""
    headers = {"Content-Security-Policy": POLICY, "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(find_face(request, face_id).crop.jpeg, content_type="image/jpeg", headers=headers)


@require_POST
@consented
def remove_face(request: OwnedRequest, face_id: UUID) -> HttpResponse:
    """Erase one face of a person."""
    services.remove_face(face=find_face(request, face_id))
    return redirect("face_gallery")


def find_person(request: OwnedRequest, person_id: UUID) -> Person:
    """Return a person of the owner's gallery, or answer 404."""
    return get_object_or_404(Person.objects.owned_by(request.owner).select_related("owner"), id=person_id)


def find_face(request: OwnedRequest, face_id: UUID) -> EnrolledFace:
    """Return a face of the owner's gallery, or answer 404."""
    return get_object_or_404(EnrolledFace.objects.owned_by(request.owner), id=face_id)
