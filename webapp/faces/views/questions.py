"""Questions about faces: asked, followed until they are answered, deleted."""

from typing import Any, cast
from uuid import UUID

from django.core.files import File
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING, done, fragment
from webapp.faces import rates, services
from webapp.faces.answers import answer_of
from webapp.faces.models import FaceQuestion
from webapp.faces.views.admission import ConsentedRequest, consented

DRAWN = [f"faces/{name}.webp" for name in ("ada-1", "ada-2", "ben-1", "ben-2")]
"""Static files of faces drawn by ``tools.drawing.portraits``, for those who would rather not show their own."""


@require_http_methods(["GET", "HEAD", "POST"])
@consented
def verify(request: ConsentedRequest) -> HttpResponse:
    """Show the page that compares two photos, or compare the two that were sent."""
    if request.method != "POST":
        return render(request, "faces/verify.html", {"offers": rates.offers(), "drawn": DRAWN})
    return fresh(
        request,
        services.verify(
            owner=request.owner,
            image_a=sent(request, "image_a"),
            image_b=sent(request, "image_b"),
            far=rates.parse(request.POST.get("far")),
        ),
    )


@require_POST
@consented
def identify(request: ConsentedRequest) -> HttpResponse:
    """Identify who of the gallery a photo shows."""
    return fresh(request, services.identify(owner=request.owner, image=sent(request, "image")))


@require_safe
@consented
def show(request: ConsentedRequest, question_id: UUID) -> HttpResponse:
    """Show one question on a page of its own."""
    return render(request, "faces/question.html", _context(find_question(request, question_id)))


@require_safe
@consented
def status(request: ConsentedRequest, question_id: UUID) -> HttpResponse:
    """Show that the question is still at work, or show its answer and end the polling."""
    question = find_question(request, question_id)
    if question.is_active:
        return render(request, "faces/_wait.html", {"question": question})
    headers = {"HX-Retarget": f"#question-{question_id}", "HX-Reswap": "outerHTML"}
    return fragment(request, "faces/_question.html", _context(question), status=STOP_POLLING, headers=headers)


@require_POST
@consented
def delete(request: ConsentedRequest, question_id: UUID) -> HttpResponse:
    """Delete a question with its photos and its answer."""
    question = find_question(request, question_id)
    services.end_question(question=question)
    return done(request, "face_verify" if question.kind == "verify" else "face_gallery")


def fresh(request: ConsentedRequest, question: FaceQuestion) -> HttpResponse:
    """Return the place where the answer to a new question will appear."""
    if not request.htmx:
        return redirect("face_question", question.id)
    return render(request, "faces/_question.html", _context(question))


def sent(request: ConsentedRequest, name: str) -> File[bytes]:
    """Return the photo of a field; raise UserError if it was left out."""
    try:
        return cast("File[bytes]", request.FILES[name])
    except MultiValueDictKeyError as error:
        raise UserError("no_usable_picture", _("A photo is missing. Choose one for each place.")) from error


def find_question(request: ConsentedRequest, question_id: UUID) -> FaceQuestion:
    """Return a question of the owner whose answer is still kept, or answer 404."""
    return get_object_or_404(FaceQuestion.objects.owned_by(request.owner), id=question_id)


def _context(question: FaceQuestion) -> dict[str, Any]:
    return {"question": question, "answer": answer_of(question)}
