"""Read what pages lay out: support sets with covers and classifiers, classes with their pictures, answers."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Prefetch, Window
from django.db.models.functions import RowNumber
from django.utils.functional import cached_property

from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.recognition.methods.catalogue import title_of
from webapp.recognition.models import (
    Classifier,
    Prediction,
    Query,
    SupportClass,
    SupportImage,
    SupportSet,
    SupportSetQuerySet,
)
from webapp.recognition.trust.findings import FindingsReport

COVERS = 4


class SupportSetSummary:
    """A support set as lists show it: four of its pictures, and the classifiers that learned from it."""

    def __init__(self, support_set: SupportSet, covers: list[SupportImage], usual: dict[str, str]) -> None:
        self.id = support_set.id
        self.name = support_set.name
        self.covers = covers
        self._support_set = support_set
        self._usual = usual

    @cached_property
    def made(self) -> list[tuple[Classifier, str]]:
        """Return its classifiers, the latest first, each with its method if that is not what is usual for its kind."""
        classifiers = self._support_set.classifiers.all()
        return [(classifier, self._unusual_method(classifier.checkpoint)) for classifier in classifiers]

    def _unusual_method(self, checkpoint: Checkpoint) -> str:
        title = title_of(checkpoint.card)
        return "" if title == self._usual.get(checkpoint.kind) else title


def summaries_of(support_sets: Iterable[SupportSet]) -> list[SupportSetSummary]:
    """Return support sets as lists show them, with one picture of a class as covers."""
    sets = list(support_sets)
    place = Window(RowNumber(), partition_by=F("support_class_id"), order_by=F("created").asc())
    firsts = SupportImage.objects.present().filter(support_class__support_set__in=sets).annotate(place=place)
    covers: dict[object, list[SupportImage]] = {support_set.pk: [] for support_set in sets}
    for picture in firsts.filter(place=1).select_related("support_class").order_by("support_class__position"):
        covers[picture.support_class.support_set_id].append(picture)
    usual = {checkpoint.kind: title_of(checkpoint.card) for checkpoint in Checkpoint.objects.live()}
    return [SupportSetSummary(support_set, covers[support_set.pk][:COVERS], usual) for support_set in sets]


def support_sets_of(owner: Owner | None) -> SupportSetQuerySet:
    """Return the owner's support sets, the latest touched first, with their classifiers; each card is read once."""
    with_checkpoints = Prefetch("classifiers", Classifier.objects.prefetch_related("checkpoint"))
    return SupportSet.objects.owned_by(owner).order_by("-updated").prefetch_related(with_checkpoints)


def classes_with_pictures(support_set: SupportSet) -> list[SupportClass]:
    """Return the classes in order, each with its `pictures`."""
    pictures = Prefetch("images", SupportImage.objects.present(), to_attr="pictures")
    return list(support_set.classes.present().prefetch_related(pictures))


def class_covers(classifier: Classifier) -> list[tuple[str, str]]:
    """Return each class name of a classifier with the id of a picture of it that is still there, or an empty id."""
    there = present_ids(image_id for ids in classifier.image_ids for image_id in ids[:COVERS])
    covers = [next((image_id for image_id in ids[:COVERS] if image_id in there), "") for ids in classifier.image_ids]
    names = classifier.class_names
    return list(zip(names, [*covers, *[""] * len(names)], strict=False))  # of damaged ids, none are left


def findings_of(classifier: Classifier) -> dict[str, Any]:
    """Return what was found among a classifier's pictures, and what to add next, as plain data for programs."""
    return FindingsReport(classifier).as_plain()


def predictions_of(classifier: Classifier, limit: int) -> list[Prediction]:
    """Return a classifier's latest predictions with their queries."""
    return list(classifier.predictions.select_related("classifier").prefetch_related("queries")[:limit])


def nearest_present(queries: Iterable[Query]) -> set[str]:
    """Return which of the support pictures that answers point at are still there."""
    results = [query.result for query in queries if query.result]
    return present_ids(near["image_id"] for result in results for near in result["nearest"])


def present_ids(image_ids: Iterable[str]) -> set[str]:
    """Return those ids of support pictures that are not deleted."""
    present = SupportImage.objects.present().filter(id__in=set(image_ids))
    return {str(image_id) for image_id in present.values_list("id", flat=True)}
