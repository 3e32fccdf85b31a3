"""Data sets: made, ingested version after version, cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mlcore.data.names import clean
from webapp.core.deletion import needed_by
from webapp.core.errors import Code, UserError
from webapp.core.staff import history
from webapp.datasets import deletion
from webapp.datasets.ingesting import sources
from webapp.datasets.ingesting.class_splits import SPLITS
from webapp.datasets.ingesting.registered import PUBLISHED_SPLITS
from webapp.datasets.ingesting.reports import Preview, preview_of
from webapp.datasets.models import Dataset, DatasetVersion, Source, dataset_path
from webapp.datasets.stored_datasets import allowed_folder, delete_stored
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.pictures import archives
from webapp.pictures.names import clean_name
from webapp.storage.disk import require_room
from webapp.storage.files import deleted_on_failure

MOST_LEAST_PICTURES = 1000


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a version is made of: a zip, a folder on the server, or a registered name; nothing of these for the site.

    least_pictures: classes with fewer are left out. waits: a zip waits for `ingest_waiting` or `discard`.
    """

    upload: File[Any] | None = None
    folder: str = ""
    registered: str = ""
    least_pictures: int = 10
    waits: bool = False


def ingest(*, name: str, source: str, material: Material, by: User | None) -> DatasetVersion:
    """Add a version to the data set of that name, or make it if there is none."""
    dataset = Dataset.objects.filter(name=clean(name)).first()
    if dataset is None:
        return create_dataset(name=name, source=source, material=material, by=by)
    if dataset.source != source:
        message = _("“%(name)s” comes from %(source)s; give another name to what comes from elsewhere.")
        known = {"name": name, "source": dataset.get_source_display()}
        raise UserError("other_source", message % known, field="source")
    return add_version(dataset=dataset, material=material, by=by)


def require_ready(*, version: DatasetVersion) -> None:
    """Raise UserError, with the reason, if a version has ended in any other way."""
    if version.status != JobStatus.READY:
        code = cast(Code, version.error_code or version.status)  # a job's code is its own
        raise UserError(code, version.status_sentence)


def version_as_plain(*, version: DatasetVersion) -> dict[str, Any]:
    """Return what programs want to know of a version."""
    splits = {split: sum(row["split"] == split for row in version.classes) for split in SPLITS}
    return {
        "version": str(version.pk),
        "dataset": version.dataset.name,
        "number": version.number,
        "status": version.status,
        "classes": splits,
        "pictures": version.n_pictures,
        "fingerprint": version.fingerprint,
        "incomplete": version.incomplete,
    }


def create_dataset(*, name: str, source: str, material: Material, by: User | None) -> DatasetVersion:
    """Make a data set, and start to ingest its first version."""
    dataset = Dataset(name=clean_name(name), source=_source(source), created_by=by)
    if Dataset.objects.filter(name=dataset.name).exists():
        raise _name_taken(dataset.name)
    fields = _checked(dataset, material)
    try:
        with _upload_stored(fields), transaction.atomic():
            dataset.save(force_insert=True)
            return _start(dataset, fields, by)
    except IntegrityError as error:
        raise _name_taken(dataset.name) from error


def add_version(*, dataset: Dataset, material: Material, by: User | None) -> DatasetVersion:
    """Start to ingest what a data set holds now, as a version of its own."""
    fields = _checked(dataset, material)
    with _upload_stored(fields), transaction.atomic():
        return _start(_idle(dataset), fields, by)


def look_into(*, material: Material) -> Preview:
    """Return what ingesting a zip would make; raise UserError, naming the field, for one that cannot be."""
    file = _zip(material.upload)
    try:
        with archives.looked_into(file, **sources.zip_bounds()) as archive:
            return preview_of(sources.in_archive(archive), least=material.least_pictures)
    except UserError as error:
        raise UserError(error.code, error.message, field="upload") from error
    finally:
        file.seek(0)


@transaction.atomic
def ingest_waiting(*, version: DatasetVersion, by: User | None) -> None:
    """Start to ingest a version whose classes somebody has seen; raise UserError if it does not wait any more."""
    _idle(version.dataset)
    waiting = _waiting(version)
    DatasetVersion.objects.filter(pk=waiting.pk).update(waiting=False, report={})
    jobs.requeue(waiting)
    history.note(by=by, row=waiting, act=_("Started to ingest."))


@transaction.atomic
def discard(*, version: DatasetVersion, by: User | None) -> None:
    """Delete a version that waits, and its data set if that has no other; raise UserError if it waits no more."""
    deletion.delete(row=_waiting(version), by=by)
    if not version.dataset.versions.exists() and not needed_by(version.dataset):
        version.dataset.delete()


def cancel_version(*, version: DatasetVersion, by: User | None) -> None:
    """Stop to ingest a version; raise UserError if it has ended already."""
    if not version.is_active:
        raise UserError("already_over", _("This has ended already, so it cannot be cancelled."))
    jobs.cancel(version)
    if version.status == JobStatus.CANCELLED:
        delete_stored([version.upload.name])
    history.note(by=by, row=version, act=_("Cancelled."))


def _start(dataset: Dataset, fields: dict[str, Any], by: User | None) -> DatasetVersion:
    version = DatasetVersion.objects.create(dataset=dataset, number=dataset.next_number, created_by=by, **fields)
    if version.waiting:
        jobs.cancel(version)
        history.note(by=by, row=version, act=_("Sent a zip, and looked into it."))
        return version
    history.note(by=by, row=version, act=_("Started to ingest."))
    jobs.enqueue(version)
    return version


def _idle(dataset: Dataset) -> Dataset:
    """Return a data set, locked; raise UserError while a version of it is being ingested."""
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    if locked.versions.active().exists():
        message = _("A version of this data set is being ingested. Wait until it is ready, or cancel it.")
        raise UserError("version_in_progress", message)
    return locked


def _waiting(version: DatasetVersion) -> DatasetVersion:
    """Return a version that waits, locked; raise UserError if it does so no more."""
    locked = DatasetVersion.objects.select_for_update().filter(pk=version.pk, waiting=True).first()
    if locked is None:
        raise UserError("already_over", _("Somebody has said already what becomes of this zip."))
    return locked


@contextmanager
def _upload_stored(fields: dict[str, Any]) -> Iterator[None]:
    """Store an uploaded zip before the block makes its row, and delete it again if that fails."""
    upload: File[Any] | None = fields.get("upload")
    if upload is not None:
        fields["upload"] = default_storage.save(dataset_path(None, f"{uuid4().hex}.zip"), upload)
    with deleted_on_failure([fields.get("upload")]):
        yield


def _source(source: str) -> str:
    if source not in Source.values:
        choices = ", ".join(Source.values)
        message = _("There is no source “%(source)s”; choose one of %(choices)s.")
        raise UserError("unknown_source", message % {"source": source, "choices": choices}, field="source")
    return source


def _name_taken(name: str) -> UserError:
    message = _("There is a data set “%(name)s” already. Open it to add a version.") % {"name": name}
    return UserError("name_taken", message, field="name")


def _checked(dataset: Dataset, material: Material) -> dict[str, Any]:
    """Return the fields of the version to be made; raise UserError, naming the field, for what cannot be ingested."""
    if not 2 <= material.least_pictures <= MOST_LEAST_PICTURES:
        message = _("Choose a number from 2 to %(most)d.") % {"most": MOST_LEAST_PICTURES}
        raise UserError("invalid_number", message, field="least_pictures")
    fields: dict[str, Any] = {"least_pictures": material.least_pictures}
    match dataset.source:
        case Source.REGISTERED:
            return {**fields, "mlcore_name": _registered(material.registered)}
        case Source.FOLDER:
            return {**fields, "folder": _folder(material.folder)}
        case Source.UPLOAD:
            preview = look_into(material=material)
            waits = {"waiting": True, "report": preview.as_plain()} if material.waits else {}
            return {**fields, "upload": material.upload, **waits}
        case _site:
            require_room(1)
            return fields


def _registered(name: str) -> str:
    if name not in PUBLISHED_SPLITS:
        message = _("Choose one of %(names)s.") % {"names": ", ".join(PUBLISHED_SPLITS)}
        raise UserError("unknown_dataset", message, field="registered")
    return name


def _folder(path: str) -> str:
    require_room(1)
    return str(allowed_folder(path))


def _zip(file: File[Any] | None) -> File[Any]:
    """Return an uploaded file if there is room for it."""
    if file is None:
        raise UserError("no_file", _("Choose a zip of class folders."), field="upload")
    limit = settings.GLIMPSE_LIMITS["dataset_zip_bytes"]
    if file.size > limit:
        message = _("A zip may have at most %(n)d MB.") % {"n": limit // 2**20}
        raise UserError("too_large", message, field="upload")
    require_room(3 * file.size)  # the zip itself, its pictures cleaned, and these once more in their splits
    return file
