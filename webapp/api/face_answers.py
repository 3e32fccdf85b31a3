"""What the API returns for a question about faces."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from ninja import Status

from webapp.api.errors import problem
from webapp.api.waiting import wait_for
from webapp.faces.answers import Answer, Comparison, Detection, Enrolment, Identification, answer_of
from webapp.faces.models import FaceQuestion
from webapp.jobs.models import JobStatus

OUR_FAULT = {"internal", "worker_lost"}


def respond(question: FaceQuestion, *, wait: float = 0.0, ready: int = 200) -> Any:
    """Return the answer, 202 while there is none, or the reason why there could be none."""
    question = wait_for(question, seconds=wait)
    answer = answer_of(question)
    if answer is not None:
        seconds = {"id": question.id, "expires": question.expires, "seconds": question.seconds}
        return Status(ready, {**seconds, **_fields(answer)})
    if question.status == JobStatus.FAILED:
        status = 500 if question.error_code in OUR_FAULT else 422
        return problem(status, code=question.error_code, message=question.error)
    if question.status == JobStatus.CANCELLED:
        message = _("Nobody could answer this in time, and the photos are deleted. Send them again.")
        return problem(409, code="cancelled", message=message)
    return Status(202, question)


def _fields(answer: Answer) -> dict[str, Any]:
    """Return the fields of an answer, by the names of its schema."""
    match answer:
        case Comparison(photos=[first, second], setting=setting):
            return {
                "same": answer.same,
                "score": answer.score,
                **_setting(setting),
                "measured_on": setting.measured_on,
                "photo_a": first,
                "photo_b": second,
                "faces_a": first.faces,
                "faces_b": second.faces,
                "scores": answer.scores,
            }
        case Identification(photos=[photo], setting=setting):
            return {**_setting(setting), "photo": photo, "faces": answer.faces}
        case Detection(photos=[photo]):
            return {"photo": photo, "faces": photo.faces}
        case Enrolment():
            return {"kept": answer.kept, "refused": answer.refused, "doubtful": answer.doubtful}
        case _:
            raise TypeError(f"No such answer: {answer!r}")


def _setting(setting: Any) -> dict[str, float]:
    return {"threshold": setting.threshold, "far": setting.far, "frr": setting.frr}
