"""The gallery: people with their faces, kept for a day for those who ask for it."""

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.core.errors import UserError
from webapp.core.forms import sent_pictures
from webapp.core.responses import go
from webapp.faces import services
from webapp.faces.models import EnrolledFace, Person
from webapp.faces.views.admission import ConsentedRequest, consented
from webapp.faces.views.questions import DRAWN, find_question, fresh

POLICY = "default-src 'none'; sandbox"


@require_safe
@consented
def show(request: ConsentedRequest) -> HttpResponse:
    """Show the people of the gallery, or offer to keep one."""
    return _page(request)


@require_POST
@consented
def start(request: ConsentedRequest) -> HttpResponse:
    """Record the consent to a gallery."""
    services.give_consent(owner=request.owner, gallery=True)
    return redirect("face_gallery")


@require_POST
@consented
def add(request: ConsentedRequest) -> HttpResponse:
    """Add a person without a photo yet; why that cannot be is shown beside the name, which stays as it was typed."""
    name = request.POST.get("name", "")
    try:
        services.add_person(owner=request.owner, name=name)
    except UserError as error:
        if error.field != "name":
            raise
        return _page(request, status=error.status, refused={"name": name, "why": error.message})
    return redirect("face_gallery")


@require_POST
@consented
def rename(request: ConsentedRequest, person_id: UUID) -> HttpResponse:
    """Rename a person; why that cannot be is shown beside the name that they keep."""
    person = find_person(request, person_id)
    try:
        services.rename_person(person=person, name=request.POST.get("name", ""))
    except UserError as error:
        return _page(request, status=error.status, refused={"person": person_id, "why": error.message})
    return redirect("face_gallery")


@require_POST
@consented
def remove(request: ConsentedRequest, person_id: UUID) -> HttpResponse:
    """Erase somebody with all their faces."""
    services.remove_person(person=find_person(request, person_id))
    return go(request, "face_gallery")


@require_POST
@consented
def enrol(request: ConsentedRequest, person_id: UUID) -> HttpResponse:
    """Enrol a person by photos."""
    return fresh(request, services.enrol(person=find_person(request, person_id), images=sent_pictures(request)))


@require_POST
@consented
def keep_doubtful(request: ConsentedRequest, question_id: UUID) -> HttpResponse:
    """Keep a photo that was held back."""
    question, photo = find_question(request, question_id), request.POST.get("photo", "")
    return fresh(request, services.keep_doubtful(question=question, photo=int(photo) if photo.isdecimal() else None))


@require_safe
@consented
def crop(request: ConsentedRequest, face_id: UUID) -> HttpResponse:
    """Send the crop of a face that is kept."""
    headers = {"Content-Security-Policy": POLICY, "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(find_face(request, face_id).crop.jpeg, content_type="image/jpeg", headers=headers)


@require_POST
@consented
def remove_face(request: ConsentedRequest, face_id: UUID) -> HttpResponse:
    """Erase one face of a person."""
    services.remove_face(face=find_face(request, face_id))
    return redirect("face_gallery")


def find_person(request: ConsentedRequest, person_id: UUID) -> Person:
    """Return a person of the owner's gallery, or answer 404."""
    return get_object_or_404(Person.objects.owned_by(request.owner).select_related("owner"), id=person_id)


def find_face(request: ConsentedRequest, face_id: UUID) -> EnrolledFace:
    """Return a face of the owner's gallery, or answer 404."""
    return get_object_or_404(EnrolledFace.objects.owned_by(request.owner), id=face_id)


def _page(request: ConsentedRequest, *, status: int = 200, refused: Mapping[str, object] | None = None) -> HttpResponse:
    """Show the gallery, with why a name was ``refused`` beside its field: of a ``person``, or of somebody new."""
    faces = Prefetch("faces", EnrolledFace.objects.defer("embedding"))
    context = {
        "consent": request.consent,
        "people": Person.objects.owned_by(request.owner).prefetch_related(faces),
        "refused": refused,
        "gallery_hours": round(settings.GLIMPSE_GALLERY_HOURS),
        "limits": settings.GLIMPSE_LIMITS,
        "drawn": DRAWN,
    }
    return render(request, "faces/gallery.html", context, status=status)
