"""Delete data sets and versions: pictures go; the line in the list stays where something above needs it."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.core.deletion import Deletion, add_remarks, counted, delete_row, needed_by
from webapp.datasets import stored_datasets
from webapp.datasets.models import Dataset, DatasetVersion, Source


def deletion_of(row: Dataset | DatasetVersion) -> Deletion:
    """Return what deleting a data set or a version would mean."""
    deletion = _of_dataset(row) if isinstance(row, Dataset) else _of_version(row)
    if not deletion.goes:
        deletion.forbidden.append(_("Nothing of it is left here that could go."))
    return deletion


def delete(*, row: Dataset | DatasetVersion, by: User | None) -> None:
    """Delete a data set or a version with its files; raise UserError, with the reasons, where that may not be."""
    delete_row(row=row, by=by, plan=deletion_of, remove=_remove)


def _of_dataset(dataset: Dataset) -> Deletion:
    """Sum up its versions."""
    whole, versions = Deletion(), dataset.versions.all()
    line = _("The data set %(name)s.") % {"name": dataset}
    (whole.stays if any(needed_by(version) for version in versions) else whole.goes).append(line)
    add_remarks(whole, dataset)
    for version in versions:
        whole.add(_of_version(version), prefix=f"v{version.number}: ")
    return whole


def _of_version(version: DatasetVersion) -> Deletion:
    """Plan for the pictures, and for the line in the list, which names what a run learned from."""
    deletion, needed = Deletion(), needed_by(version)
    if version.is_active:
        deletion.forbidden.append(_("It is being ingested. Cancel that first."))
    if version.waiting:
        deletion.goes.append(_("Its zip, of which nothing is ingested yet."))
    if version.archive:
        known = {"pictures": version.n_pictures, "classes": version.n_classes}
        deletion.goes.append(_("Its %(pictures)d pictures in %(classes)d classes, and the contact sheet.") % known)
    if version.dataset.source in (Source.REGISTERED, Source.FOLDER):
        deletion.stays.append(_("The files on the server that it was made of."))
    if not needed:
        deletion.goes.append(_("Its line in the list."))
    elif version.archive:
        sentence = _("Its line in the list, marked as deleted, for %(these)s; no run on it can be repeated or go on.")
        deletion.stays.append(sentence % {"these": counted(needed)})
    else:
        deletion.stays.append(_("Its line in the list, for %(these)s.") % {"these": counted(needed)})
    add_remarks(deletion, version)
    return deletion


def _remove(row: Dataset | DatasetVersion) -> None:
    if isinstance(row, DatasetVersion):
        _remove_version(row)
        return
    for version in row.versions.all():
        _remove_version(version)
    if not row.versions.exists():
        row.delete()


def _remove_version(version: DatasetVersion) -> None:
    """Delete a version, or all of it but its line in the list; files once that is certain."""
    files = [version.archive.name, version.contact_sheet.name, version.upload.name]
    transaction.on_commit(partial(stored_datasets.delete_stored, files))
    if not needed_by(version):
        version.delete()
        return
    if not version.archive:
        return
    version.contributions.all().delete()
    gone = {"archive": "", "contact_sheet": "", "upload": ""}
    DatasetVersion.objects.filter(pk=version.pk).update(deleted=timezone.now(), **gone)
