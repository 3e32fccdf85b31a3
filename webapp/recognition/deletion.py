"""Delete what people made for good: rows, media and adapted state together, files only after the rows are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Model, QuerySet

from webapp.accounts.models import Owner
from webapp.jobs.models import ACTIVE
from webapp.recognition.models import (
    Classifier,
    Prediction,
    Query,
    SupportClass,
    SupportImage,
    SupportSet,
    ZipImport,
    ZipUpload,
)
from webapp.storage.files import delete_after_commit, delete_files


def remove_support_set(support_set: SupportSet) -> None:
    """Delete a support set, its pictures, its imports, and the classifiers that learned from it."""
    _remove(support_set, list(_files_of_support_sets(SupportSet.objects.filter(pk=support_set.pk))))


def remove_classifier(classifier: Classifier) -> None:
    """Delete a classifier, its adapted state and its predictions."""
    _remove(classifier, list(_files_of_classifiers(Classifier.objects.filter(pk=classifier.pk))))


def remove_prediction(prediction: Prediction) -> None:
    """Delete a prediction and its query pictures."""
    _remove(prediction, list(_files_of_pictures(Query.objects.filter(prediction=prediction))))


@transaction.atomic
def remove_owner(owner: Owner) -> None:
    """Delete an owner and everything they made."""
    Owner.objects.hold(owner)
    files = [
        *_files_of_support_sets(SupportSet.objects.owned_by(owner)),
        *_files_of_classifiers(Classifier.objects.owned_by(owner)),
        *_files_of_pictures(Query.objects.owned_by(owner)),
    ]
    _remove(owner, files)


def remove_images(images: QuerySet[SupportImage]) -> None:
    """Delete support pictures."""
    _remove(images, list(_files_of_pictures(images)))


def remove_classes(classes: QuerySet[SupportClass]) -> None:
    """Delete classes with their pictures."""
    _remove(classes, list(_files_of_pictures(SupportImage.objects.filter(support_class__in=classes))))


@transaction.atomic
def remove_zip_uploads(uploads: QuerySet[ZipUpload]) -> None:
    """Delete zips of which nothing is to be imported; one whose import begins meanwhile keeps its file."""
    files = dict(uploads.select_for_update().values_list("pk", "file"))
    _remove(ZipUpload.objects.filter(pk__in=files), files.values())


def remove_zips_of_ended(imports: QuerySet[ZipImport]) -> None:
    """Delete the zips of those imports that have ended, however they ended; until then they count as stored."""
    for pk, name in imports.exclude(status__in=ACTIVE).exclude(file="").values_list("pk", "file"):
        delete_files([name])
        ZipImport.objects.filter(pk=pk).update(file="")


def remove_deleted(owner: Owner) -> None:
    """Delete for good what an owner deleted and could still bring back."""
    remove_images(SupportImage.objects.owned_by(owner).filter(deleted_at__isnull=False))
    remove_classes(SupportClass.objects.owned_by(owner).filter(deleted_at__isnull=False))


def forget_query_pictures(queries: QuerySet[Query]) -> None:
    """Delete the pictures of queries and keep what was answered."""
    with transaction.atomic():
        delete_after_commit(list(_files_of_pictures(queries)))
        queries.update(file="", thumbnail="", bytes=0)


@transaction.atomic
def _remove(doomed: Model | QuerySet[Model], files: Iterable[str]) -> None:
    delete_after_commit(files)
    doomed.delete()


def _files_of_support_sets(support_sets: QuerySet[SupportSet]) -> Iterator[str]:
    yield from _files_of_pictures(SupportImage.objects.filter(support_class__support_set__in=support_sets))
    yield from _files_of_classifiers(Classifier.objects.filter(support_set__in=support_sets))
    for model in (ZipImport, ZipUpload):
        yield from model.objects.filter(support_set__in=support_sets).values_list("file", flat=True)


def _files_of_classifiers(classifiers: QuerySet[Classifier]) -> Iterator[str]:
    yield from classifiers.values_list("state_file", flat=True)
    yield from _files_of_pictures(Query.objects.filter(prediction__classifier__in=classifiers))


def _files_of_pictures(pictures: QuerySet[SupportImage] | QuerySet[Query]) -> Iterator[str]:
    for names in pictures.values_list("file", "thumbnail"):
        yield from names
