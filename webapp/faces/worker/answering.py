"""The work of a worker process on faces: detected, aligned, compared, and forgotten.

Loaded late by ``tasks``, after the fork. Photos, embeddings and crops live here for the length of one job; an answer
carries the crops, a gallery keeps the embeddings.

An answer is ``{"photos": [{"width", "height", "faces": [...]}]}`` with the fields of ``answers.SeenFace``. A
verification's has ``"scores"`` as well, an identification's the ``"nearest"`` of each face and its ``"threshold"``; an
enrolment's is ``{"kept": [id], "refused": [{"photo": n, "reason": sentence}], "doubtful": [{"photo": n, "doubts",
"embedding", "crop"}]}``, with the doubts of ``enrolling``, and in base64 what would be kept.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from uuid import UUID

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from mlcore.errors import ImageError
from mlcore.faces.alignment import CHIP_SIZE, Pixels
from mlcore.faces.card import face_card
from mlcore.faces.detection.detector import Face
from mlcore.faces.embedding.embedder import EMBEDDING_SIZE, Embeddings
from mlcore.faces.verification import scores
from webapp.accounts.models import Owner
from webapp.faces import photos
from webapp.faces.models import EnrolledFace, FaceCrop, FaceQuestion, QuestionKind
from webapp.faces.services.gallery import KeptFace, keep_faces, require_faces_left
from webapp.faces.worker import loaded
from webapp.faces.worker.enrolling import NewPhoto, doubts
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed

MOST_FACES = 10
"""Of one photo that are compared: the largest."""
N_NEAREST = 3
CROP_QUALITY = 85


@dataclass(frozen=True)
class Seen:
    """A photo as it was looked at: its width and height, its faces, and a digest of its file."""

    size: tuple[int, int]
    faces: list[Face]
    digest: str

    @property
    def embeddings(self) -> Embeddings:
        """Embed the faces: (n, 128)."""
        chain = loaded.chain()
        return chain.embed(chain.chips(self.faces))

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields of an answer about the photo, in plain values."""
        return {"width": self.size[0], "height": self.size[1], "faces": [_face_fields(face) for face in self.faces]}


def _face_fields(face: Face) -> dict[str, Any]:
    return {
        **dict(zip(("left", "top", "right", "bottom"), (round(float(side), 1) for side in face.box), strict=True)),
        "landmarks": [[round(float(x), 1), round(float(y), 1)] for x, y in face.landmarks],
        "confidence": round(float(face.confidence), 4),
        "notes": list(face.notes),
        "crop": photos.address_of(_jpeg(face.chip)),
    }


@cache
def warm() -> None:
    """Load what looks at faces and use it once, so that the first person waits no longer than the next."""
    loaded.chain().embed(np.zeros((1, CHIP_SIZE, CHIP_SIZE, 3), np.uint8))
    loaded.chain().detect(np.zeros((CHIP_SIZE, CHIP_SIZE, 3), np.uint8))


def answer(job_id: str, attempt: int | None = None) -> None:
    """Answer a question about faces, and delete its photos however that ends."""
    run_claimed(FaceQuestion, job_id, _answer, attempt)
    photos.remove_of_ended(FaceQuestion.objects.filter(pk=job_id))


def _answer(claim: Claim[FaceQuestion]) -> None:
    """Detect the faces of the photos, and do with them what is asked."""
    started = time.perf_counter()
    seen = []
    for name in claim.job.photos:
        claim.check()
        seen.append(_look(name))
    claim.check()
    WORK[QuestionKind(claim.job.kind)](claim, seen, started)


def _look(name: str) -> Seen:
    """Detect and align the faces of a stored photo."""
    chain, data = loaded.chain(), _read(name)
    try:
        picture = chain.read(data)
        faces = chain.detect(picture)[:MOST_FACES]
    except ImageError as error:
        message = _("One of the photos cannot be looked at. Take another one.")
        raise JobFailed(code="unusable_picture", message=message) from error
    return Seen((picture.shape[1], picture.shape[0]), faces, hashlib.sha256(data).hexdigest())


def _read(name: str) -> bytes:
    """Read a stored photo; fail the job in words if it was erased meanwhile."""
    try:
        with default_storage.open(name) as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError as error:
        message = _("The photo was erased before it could be looked at. Send it again.")
        raise JobFailed(code="picture_gone", message=message) from error


def _jpeg(chip: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(chip).save(out, "JPEG", quality=CROP_QUALITY)
    return out.getvalue()


def _detect(claim: Claim[FaceQuestion], seen: list[Seen], started: float) -> None:
    """Answer where the faces are."""
    claim.finish(answer={"photos": [photo.fields for photo in seen]}, seconds=time.perf_counter() - started)


def _verify(claim: Claim[FaceQuestion], seen: list[Seen], started: float) -> None:
    """Compare every face of the first photo with every face of the second."""
    first, second = seen
    if not first.faces or not second.faces:
        raise JobFailed(code="no_face", message=_none_found(first=not first.faces, second=not second.faces))
    others = second.embeddings
    table = [scores.scores(face, others).astype(float).round(4).tolist() for face in first.embeddings]
    fields = {"photos": [photo.fields for photo in seen], "scores": table}
    claim.finish(answer=fields, seconds=time.perf_counter() - started)


def _none_found(*, first: bool, second: bool) -> str:
    """Return in which of two photos no face was found, and what to try."""
    if first and second:
        sentence = _("No face was found in either photo.")
    elif first:
        sentence = _("No face was found in the first photo.")
    else:
        sentence = _("No face was found in the second photo.")
    return f"{sentence} {_advice()}"


def _advice() -> str:
    return _(
        "Try one that is upright and sharp, in which a face looks towards the camera, is evenly lit and not covered,"
        " and is not tiny in the picture."
    )


def _identify(claim: Claim[FaceQuestion], seen: list[Seen], started: float) -> None:
    """Compare every face of the photo with the owner's gallery."""
    [photo] = seen
    if not photo.faces:
        raise JobFailed(code="no_face", message=f"{_('No face was found in the photo.')} {_advice()}")
    gallery, people = _gallery(claim.owner)
    threshold = face_card().threshold_among(len(set(people)))
    nearest = []
    for face in photo.embeddings:
        ranked = scores.identify(face, gallery, people, threshold=threshold, limit=N_NEAREST).ranked
        nearest.append([{"person": str(near.person), "score": round(near.score, 4)} for near in ranked])
    fields = {"photos": [photo.fields], "nearest": nearest, "threshold": threshold}
    claim.finish(answer=fields, seconds=time.perf_counter() - started)


def _enrol(claim: Claim[FaceQuestion], seen: list[Seen], started: float) -> None:
    """Keep the face of each photo that shows one face alone and that nothing speaks against; hold the others back."""
    alone = {n: photo for n, photo in enumerate(seen, 1) if len(photo.faces) == 1}
    refused = [{"photo": n, "reason": _not_alone(photo)} for n, photo in enumerate(seen, 1) if n not in alone]
    if not alone:
        reasons = (_("Photo %(n)d: %(reason)s") % {"n": item["photo"], "reason": item["reason"]} for item in refused)
        raise JobFailed(code="no_face", message=" ".join(reasons))
    new = _new_photos(list(alone.values()))
    against = dict(zip(alone, _doubts(claim, new), strict=True))
    faces = dict(zip(alone, (KeptFace(photo.embedding.tobytes(), photo.crop) for photo in new), strict=True))
    doubtful = [{"photo": n, "doubts": doubts, **faces[n].as_json()} for n, doubts in against.items() if doubts]
    with transaction.atomic():
        Owner.objects.hold(owner := claim.owner)
        require_faces_left(owner, n_faces=sum(not doubts for doubts in against.values()))
        kept = keep_faces(
            person_id=cast(UUID, claim.job.person_id), faces=[faces[n] for n, doubts in against.items() if not doubts]
        )
        answer = {"kept": kept, "refused": refused, "doubtful": doubtful}
        claim.finish(answer=answer, seconds=time.perf_counter() - started)


def _new_photos(seen: list[Seen]) -> list[NewPhoto]:
    """Embed the one face of each photo."""
    chain, chips = loaded.chain(), [photo.faces[0].chip for photo in seen]
    numbers = chain.embed(chain.chips([photo.faces[0] for photo in seen])).astype("<f4")
    return [NewPhoto(row, _jpeg(chip), photo.digest) for row, chip, photo in zip(numbers, chips, seen, strict=True)]


def _doubts(claim: Claim[FaceQuestion], new: list[NewPhoto]) -> list[list[dict[str, Any]]]:
    """Return what speaks against each of somebody's new photos, among all that their gallery keeps."""
    question, (gallery, people) = claim.job, _gallery(claim.owner)
    crops = FaceCrop.objects.filter(face__person=question.person_id).values_list("jpeg", flat=True)
    person = next((text for text in set(people) if UUID(text) == question.person_id), str(question.person_id))
    return doubts(new, person=person, gallery=gallery, people=people, crops={bytes(jpeg) for jpeg in crops})


def _gallery(owner: Owner) -> tuple[Embeddings, list[str]]:
    """Return the embeddings (n, 128) of an owner's gallery, and whose each is."""
    kept = EnrolledFace.objects.owned_by(owner).numbers()
    gallery = np.frombuffer(b"".join(numbers for _person, numbers in kept), "<f4").reshape(-1, EMBEDDING_SIZE)
    return gallery, [person for person, _numbers in kept]


def _not_alone(seen: Seen) -> str:
    """Return why a photo cannot be kept."""
    if not seen.faces:
        return f"{_('No face was found.')} {_advice()}"
    return _("It shows %(n)d faces. Cut it so that the person is alone in it.") % {"n": len(seen.faces)}


WORK: dict[QuestionKind, Callable[[Claim[FaceQuestion], list[Seen], float], None]] = {
    QuestionKind.DETECT: _detect,
    QuestionKind.VERIFY: _verify,
    QuestionKind.IDENTIFY: _identify,
    QuestionKind.ENROL: _enrol,
}
