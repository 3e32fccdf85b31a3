"""What a worker wrote of a question, read for people: faces in photos, decisions at a stated rate, names for ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mlcore.schemas import SchemaError
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.faces import rates
from webapp.faces.models import COMPARED, DETECTED, ENROLLED, IDENTIFIED, FaceQuestion, Person, QuestionKind
from webapp.faces.rates import Scale, Setting


@dataclass(frozen=True)
class SeenFace:
    """A face in a photo; lengths are in pixels of the photo as it was looked at."""

    left: float
    top: float
    right: float
    bottom: float
    landmarks: list[list[float]]
    confidence: float
    notes: list[str]
    crop: str

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def dot(self) -> float:
        """Return the radius that a landmark is drawn with, in pixels of the photo."""
        return round(max(self.width, 1.0) / 40, 1)

    @property
    def advice(self) -> list[str]:
        """Return in words what makes this face hard to compare."""
        return notes_in_words(self.notes)


@dataclass(frozen=True)
class SeenPhoto:
    """The faces of one photo, the largest first."""

    width: int
    height: int
    faces: list[SeenFace]


@dataclass(frozen=True)
class Comparison:
    """How alike the faces of two photos are: ``scores[i][j]`` of face i of the first and face j of the second."""

    photos: list[SeenPhoto]
    scores: list[list[float]]
    setting: Setting

    @property
    def score(self) -> float:
        """Return the score of the largest faces."""
        return self.scores[0][0]

    @property
    def same(self) -> bool:
        """Return whether the largest faces pass as the same person."""
        return self.setting.passes(self.score)

    @property
    def scale(self) -> Scale:
        """Return the line that scores are drawn on."""
        return rates.scale()

    @property
    def score_at(self) -> float:
        """Return where on that line the score lies, in percent."""
        return self.scale.at(self.score)

    @property
    def threshold_at(self) -> float:
        """Return where on that line the threshold lies, in percent."""
        return self.scale.at(self.setting.threshold)

    @property
    def passing(self) -> float:
        """Return how much of that line passes, in percent."""
        return 100 - self.threshold_at

    @property
    def scores_json(self) -> str:
        """Return all scores as the page's script reads them."""
        return json.dumps(self.scores)

    @property
    def curve_json(self) -> str:
        """Return what other thresholds would do, from the lowest on, as the page's script reads it."""
        return json.dumps([{"threshold": point.threshold, "sentence": f"{point.effect}."} for point in rates.curve()])


@dataclass(frozen=True)
class Candidate:
    """Somebody of the gallery, and how alike their most alike face is."""

    id: UUID
    name: str
    score: float


@dataclass(frozen=True)
class Recognised:
    """A face and those of the gallery who are most like it, the most alike first."""

    face: SeenFace
    nearest: list[Candidate]
    setting: Setting

    @property
    def person(self) -> Candidate | None:
        """Return who it is, or None for nobody the owner knows."""
        best = self.nearest[0] if self.nearest else None
        return best if best and self.setting.passes(best.score) else None


@dataclass(frozen=True)
class Identification:
    """Who a photo shows."""

    photos: list[SeenPhoto]
    faces: list[Recognised]
    setting: Setting


@dataclass(frozen=True)
class Doubt:
    """What speaks against keeping a photo of somebody: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class DoubtfulPhoto:
    """A photo that is held back, by its place among those sent, until its owner says that it is to be kept."""

    photo: int
    doubts: list[Doubt]
    crop: str


@dataclass(frozen=True)
class Enrolment:
    """What became of photos of a person: ids of the faces that are kept, and why others are not, or not yet."""

    kept: list[str]
    refused: list[Mapping[str, Any]]
    doubtful: list[DoubtfulPhoto]


@dataclass(frozen=True)
class Detection:
    """Where a photo shows faces."""

    photos: list[SeenPhoto]


Answer = Comparison | Identification | Enrolment | Detection


ANSWERS = {
    QuestionKind.VERIFY: COMPARED,
    QuestionKind.IDENTIFY: IDENTIFIED,
    QuestionKind.ENROL: ENROLLED,
}
"""What the answer of each kind of question holds; of any other, where the faces are."""


def answer_of(question: FaceQuestion) -> Answer | None:
    """Read the answer of a question; None while there is none. Raise UserError for one that is damaged."""
    answer = question.answer
    if answer is None:
        return None
    require_sound(question)
    try:
        ANSWERS.get(QuestionKind(question.kind), DETECTED).require(answer)
    except (SchemaError, ValueError) as error:
        raise UserError("damaged", _("This answer is damaged. Send the photos once more.")) from error
    match question.kind:
        case QuestionKind.VERIFY:
            return Comparison(photos_of(answer), answer["scores"], rates.setting_at(question.far))
        case QuestionKind.IDENTIFY:
            return _identification(question, answer)
        case QuestionKind.ENROL:
            return _enrolment(question, answer)
        case _:
            return Detection(photos_of(answer))


def photos_of(answer: Mapping[str, Any]) -> list[SeenPhoto]:
    """Read the photos of an answer."""
    return [
        SeenPhoto(photo["width"], photo["height"], [SeenFace(**face) for face in photo["faces"]])
        for photo in answer["photos"]
    ]


def _identification(question: FaceQuestion, answer: Mapping[str, Any]) -> Identification:
    """Replace ids by names; people who have left the gallery since are left out."""
    [photo], setting = photos_of(answer), rates.setting(answer["threshold"])
    alike = [[(UUID(near["person"]), near["score"]) for near in nearest] for nearest in answer["nearest"]]
    ids = {person for nearest in alike for person, _score in nearest}
    people = Person.objects.owned_by(question.owner).filter(pk__in=ids)
    names = dict(people.values_list("pk", "name"))
    faces = [
        Recognised(
            face, [Candidate(person, names[person], score) for person, score in nearest if person in names], setting
        )
        for face, nearest in zip(photo.faces, alike, strict=False)
    ]
    return Identification([photo], faces, setting)


def _enrolment(question: FaceQuestion, answer: Mapping[str, Any]) -> Enrolment:
    """Read what became of photos; a doubt about somebody who has left the gallery since is none."""
    held = answer.get("doubtful", [])
    ids = {UUID(doubt["person"]) for photo in held for doubt in photo["doubts"] if "person" in doubt}
    names = dict(Person.objects.owned_by(question.owner).filter(pk__in=ids).values_list("pk", "name"))
    doubtful = [
        DoubtfulPhoto(
            photo["photo"], list(_in_words(photo["doubts"], names)), f"data:image/jpeg;base64,{photo['crop']}"
        )
        for photo in held
    ]
    return Enrolment(answer["kept"], answer["refused"], doubtful)


def _in_words(doubts: Iterable[Mapping[str, Any]], names: Mapping[UUID, str]) -> Iterator[Doubt]:
    """Yield each doubt in words, with what follows from it."""
    for doubt in doubts:
        match doubt["kind"]:
            case "copy":
                yield Doubt("copy", _("This photo is there already. The same one twice teaches nothing more."))
            case "unlike":
                words = _(
                    "This face is unlike the others of this person (score %(score)s). If it is somebody else, they will"
                    " be taken for each other."
                )
                yield Doubt("unlike", words % {"score": number_format(doubt["score"], 3)})
            case _alike if (name := names.get(UUID(doubt["person"]))) is not None:
                words = _(
                    "This face is like “%(name)s” (score %(score)s): new photos of one may be named as the other."
                )
                yield Doubt("alike", words % {"name": name, "score": number_format(doubt["score"], 3)})


def notes_in_words(notes: Iterable[str]) -> list[str]:
    """Return a sentence for each note on what makes a face hard to compare: it says what helps."""
    words = {
        "too_small": _("This face is small in the photo: come nearer, or send the photo in full size."),
        "too_blurred": _("This face is blurred: hold still, and let the camera focus."),
        "too_dark": _("This face is dark: turn towards the light."),
        "cut_off": _("This face is cut off by the edge of the photo: show all of it."),
        "turned_away": _("This face is turned away: look towards the camera."),
    }
    return [words[note] for note in notes]
