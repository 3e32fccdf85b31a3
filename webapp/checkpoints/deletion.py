"""Delete checkpoints that nothing stands on and nothing came of."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.checkpoints import stored_checkpoints
from webapp.checkpoints.models import Benchmark, Checkpoint, Evaluation
from webapp.core.deletion import Deletion, add_remarks, counted, delete_row, needed_by, remark_on
from webapp.datasets.models import DatasetVersion


def deletion_of(row: Checkpoint) -> Deletion:
    """Return what deleting a checkpoint would mean."""
    deletion = Deletion(goes=[_("Its weights and its card, and what was measured of it.")])
    if row.live:
        deletion.forbidden.append(_("It is live."))
    if row.is_shipped:
        deletion.forbidden.append(_("It ships with the project, and would be back with the next start."))
    if needed := needed_by(row):
        deletion.forbidden.append(_("It is needed by %(these)s.") % {"these": counted(needed)})
    evaluations = row.evaluations.all() | Evaluation.objects.filter(against=row)
    if evaluations.active().exists():
        deletion.forbidden.append(_("It is being measured. Stop that first."))
    add_remarks(deletion, row)
    return deletion


def delete(*, row: Checkpoint, by: User | None) -> None:
    """Delete a checkpoint with its files; raise UserError, with the reasons, where that may not be."""
    delete_row(row=row, by=by, plan=deletion_of, remove=remove)


def remove(checkpoint: Checkpoint) -> None:
    """Delete the row now, and the files once that is certain."""
    transaction.on_commit(partial(stored_checkpoints.delete_stored, [checkpoint.weights.name]))
    Checkpoint.objects.filter(pk=checkpoint.pk).delete()


@remark_on(DatasetVersion)
def _what_measures(version: DatasetVersion) -> Deletion:
    """Forbid to delete the pictures that checkpoints are measured on."""
    deletion = Deletion()
    if kinds := Benchmark.objects.filter(version=version).values_list("kind", flat=True):
        sentence = _("It is the benchmark of %(kinds)s. Choose another there first.")
        deletion.forbidden.append(sentence % {"kinds": ", ".join(kinds)})
    if Evaluation.objects.filter(version=version).active().exists():
        deletion.forbidden.append(_("A checkpoint is being measured by it. Wait for that, or stop it."))
    return deletion
