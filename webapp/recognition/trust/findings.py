"""What was found when a support set was looked over: in words, with its pictures, and what became of each since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.core.rows.stored_json import Damaged
from webapp.recognition.models import Classifier, Dismissal, Examination, SupportClass, SupportImage

TITLES: dict[str, str | Promise] = {
    "mislabelled": _("Perhaps in the wrong class"),
    "copy": _("The same picture twice"),
    "twins": _("Nearly the same picture twice"),
    "drawn": _("A drawing among photos"),
    "photo": _("A photo among drawings"),
    "grey": _("Grey among pictures in colour"),
    "blurred": _("More blurred than the others"),
    "alike": _("Hard to tell apart"),
}
WHY: dict[str, str | Promise] = {
    "mislabelled": _("It looks more like “%(second)s” than like the other pictures of “%(first)s”."),
    "copy": _("The same picture again teaches nothing new."),
    "twins": _("Pictures of the same scene teach little that is new. Another day, place or side would."),
    "drawn": _("New pictures that are photos will look different from it."),
    "photo": _("New pictures that are drawings will look different from it."),
    "grey": _("It lacks the colour that the others have, which may be what tells the classes apart."),
    "blurred": _("What is not sharp in it cannot be learned."),
    "alike": _("“%(first)s” and “%(second)s” look so alike that one will often be taken for the other."),
}
ACROSS = _("It is in “%(first)s” and in “%(second)s”, which confuses both.")
"""Why a copy or a twin in two classes matters."""
NEEDS: dict[str, str | Promise] = {
    "few": _("it has fewer than the others, so that it is known least"),
    "scattered": _("its pictures differ much, so that more of them are needed to know what they share"),
    "close": _("it looks most like “%(other)s”, and more pictures help to tell the two apart"),
}


@dataclass(frozen=True)
class FoundPicture:
    """A picture of a finding. class_name: where it lies now; nothing where it is deleted."""

    id: str
    original_name: str
    class_name: str


@dataclass(frozen=True)
class ShownFinding:
    """A finding as pages and programs have it.

    place: its place in the examination. first, second: the classes it is about. pictures: those that it is about.
    state: "open", "mended" once a picture of it was moved or deleted, or "dismissed".
    """

    place: int
    kind: str
    score: float
    first: str
    second: str
    pictures: tuple[FoundPicture, ...]
    state: str

    @property
    def title(self) -> str:
        return str(TITLES[self.kind])

    @property
    def why(self) -> str:
        """Return the reason as a sentence."""
        two = self.kind in ("copy", "twins") and self.first != self.second
        return str(ACROSS if two else WHY[self.kind]) % {"first": self.first, "second": self.second}

    @property
    def gone(self) -> tuple[FoundPicture, ...]:
        """Return those of its pictures that were deleted."""
        return tuple(picture for picture in self.pictures if not picture.class_name)


@dataclass(frozen=True)
class ShownNeed:
    """The class to add to. class_id: of the class as it stands; nothing where there is none of this name any more."""

    class_name: str
    class_id: str
    reason: str
    close_to: str

    @property
    def why(self) -> str:
        return str(NEEDS[self.reason]) % {"other": self.close_to}


class FindingsReport:
    """What an examination says, but for what a damaged row no longer names."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.row: Examination | None = Examination.objects.filter(classifier=classifier).first()
        self._names = classifier.class_names

    @property
    def is_damaged(self) -> bool:
        return self.row is not None and any(isinstance(part, Damaged) for part in (self.row.findings, self.row.need))

    @cached_property
    def all(self) -> list[ShownFinding]:
        """Return every finding, what matters most first."""
        rows = [(place, finding) for place, finding in enumerate(self._raw) if self._is_known(finding)]
        ids = {image_id for _place, finding in rows for image_id in finding["image_ids"]}
        images = SupportImage.objects.filter(pk__in=ids, support_class__support_set=self.classifier.support_set_id)
        here = {
            str(image.pk): (image.original_name, "" if _is_deleted(image) else image.support_class.name)
            for image in images.select_related("support_class")
        }
        return [self._shown(place, finding, here) for place, finding in rows]

    @property
    def open(self) -> list[ShownFinding]:
        return [finding for finding in self.all if finding.state == "open"]

    @property
    def done(self) -> list[ShownFinding]:
        """Return those that were mended or dismissed."""
        return [finding for finding in self.all if finding.state != "open"]

    @property
    def any_mended(self) -> bool:
        """Return whether learning again would learn from other pictures."""
        return any(finding.state == "mended" for finding in self.all)

    @cached_property
    def need(self) -> ShownNeed | None:
        """Return the class to add to, if that is known."""
        need = self.row.need if self.row else None
        if not need or max(need["label"], need["close_to"]) >= len(self._names) or need["reason"] not in NEEDS:
            return None
        name, close_to = self._names[need["label"]], self._names[need["close_to"]]
        present = SupportClass.objects.present().filter(support_set=self.classifier.support_set_id, name=name)
        class_id = present.values_list("pk", flat=True).first()
        return ShownNeed(name, str(class_id or ""), need["reason"], close_to)

    @property
    def all_need_a_second(self) -> bool:
        """Return whether each class has one picture, so that no class stands out as lacking pictures."""
        return self.row is not None and len(self._names) > 1 and all(len(ids) == 1 for ids in self.classifier.image_ids)

    def as_plain(self) -> dict[str, Any]:
        """Return all of it as programs have it: findings, and what to add next."""
        findings = [
            {
                "kind": finding.kind,
                "score": finding.score,
                "state": finding.state,
                "classes": sorted({finding.first, finding.second} - {""}),
                "should_be": finding.second if finding.kind == "mislabelled" else None,
                "image_ids": [picture.id for picture in finding.pictures],
                "sentence": f"{finding.title}. {finding.why}",
            }
            for finding in self.all
        ]
        need = self.need
        add_next = need and {"class_name": need.class_name, "reason": need.reason, "close_to": need.close_to}
        return {"findings": findings, "add_next": add_next or None}

    @property
    def _raw(self) -> list[Mapping[str, Any]]:
        return list(self.row.findings) if self.row else []

    def _is_known(self, finding: Mapping[str, Any]) -> bool:
        """Return whether a finding is one that can be shown: of a kind of today, about classes that have names."""
        labels = finding["labels"]
        n_pictures, n_labels = {"alike": (0, 2), "mislabelled": (1, 2), "copy": (2, 2), "twins": (2, 2)}.get(
            finding["kind"], (1, 1)
        )
        fits = (len(finding["image_ids"]), len(labels)) == (n_pictures, n_labels)
        return finding["kind"] in TITLES and fits and max(labels) < len(self._names)

    def _shown(self, place: int, finding: Mapping[str, Any], here: Mapping[str, tuple[str, str]]) -> ShownFinding:
        kind, names = finding["kind"], [self._names[label] for label in finding["labels"]]
        pictures = tuple(FoundPicture(image_id, *here.get(image_id, ("", ""))) for image_id in finding["image_ids"])
        was = [names[0]] if kind == "mislabelled" else names[: len(pictures)]
        moved = any(picture.class_name != name for picture, name in zip(pictures, was, strict=True))
        dismissed = (kind, subject_of(kind, finding["image_ids"], names)) in self._dismissed
        state = "mended" if moved else "dismissed" if dismissed else "open"
        return ShownFinding(place, kind, finding["score"], names[0], names[-1], pictures, state)

    @cached_property
    def _dismissed(self) -> set[tuple[str, str]]:
        rows = Dismissal.objects.filter(support_set=self.classifier.support_set_id)
        return set(rows.values_list("kind", "subject"))


def subject_of(kind: str, image_ids: list[str], class_names: list[str]) -> str:
    """Return what a dismissal is about: pictures, or classes that are alike, in whichever order they were found."""
    return "\n".join(sorted(class_names if kind == "alike" else image_ids))


def _is_deleted(image: SupportImage) -> bool:
    return image.deleted_at is not None or image.support_class.deleted_at is not None
