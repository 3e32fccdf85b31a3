"""Predictions: started, corrected, read as CSV, deleted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.pictures.allowances import decoding, place_in_flight
from webapp.pictures.names import display_file_name
from webapp.recognition import storage
from webapp.recognition.allowances import require_room, spend_prediction, storage_sentence
from webapp.recognition.deletion import remove_prediction
from webapp.recognition.models import Classifier, Prediction, Query, SupportImage
from webapp.recognition.services.classes import class_named
from webapp.recognition.services.images import move_image, require_place
from webapp.storage.files import deleted_on_failure


def start_prediction(*, owner: Owner, classifier: Classifier, files: Iterable[File[bytes]]) -> Prediction:
    """Start to classify query pictures. Those that cannot be used are named in ``refused``; the others go on."""
    files = list(files)
    _require_askable(classifier, len(files))
    spend_prediction(owner)
    jobs.require_place(owner, Prediction.queue)
    room = require_room(owner, requested=sum(file.size for file in files))
    with place_in_flight(owner), decoding(owner) as decoder:
        intake = storage.take_in(files, decoder=decoder, room=room, full=storage_sentence(owner))
    refused = [refusal.as_json() for refusal in intake.refused]
    if not intake.stored:
        reasons = " ".join(f"{refusal['file']}: {refusal['reason']}" for refusal in refused[:3])
        raise UserError("no_usable_picture", reasons, refused=refused)
    with deleted_on_failure(intake.names), transaction.atomic():
        jobs.take_place(owner, Prediction.queue)  # it holds the owner, so that the room is counted once more
        require_room(owner, needed=sum(stored.bytes for stored in intake.stored))
        prediction = Prediction.objects.create(owner=owner, classifier=classifier, refused=refused)
        Query.objects.bulk_create(
            Query(prediction=prediction, position=position, **stored.fields())
            for position, stored in enumerate(intake.stored)
        )
        jobs.enqueue(prediction)
    return prediction


def _require_askable(classifier: Classifier, n_files: int) -> None:
    if classifier.status != JobStatus.READY:
        raise UserError("classifier_not_ready", _("This classifier has not learned yet, so it cannot be asked."))
    if not n_files:
        raise UserError("no_usable_picture", _("Add at least one picture."), refused=[])
    limit = settings.GLIMPSE_LIMITS["queries_per_prediction"]
    if n_files > limit:
        raise UserError("limit_reached", _("Ask about at most %(limit)d pictures at once.") % {"limit": limit})


@transaction.atomic
def correct(*, query: Query, class_name: str) -> SupportImage:
    """Correct the class of a query picture, and copy it into the support set, ready to be learned again."""
    Owner.objects.hold(query.prediction.owner)
    support_class = class_named(support_set=query.prediction.classifier.support_set, name=class_name)
    query.refresh_from_db(fields=["file", "thumbnail", "kept_as"])  # a second click may have come between
    if query.kept_as and query.kept_as.deleted_at is None:
        kept = move_image(image=query.kept_as, class_name=support_class.name)
    elif query.file:
        require_place(support_class)
        require_room(query.prediction.owner, needed=query.bytes)
        kept = SupportImage.objects.create(support_class=support_class, **storage.copy_of(query).fields())
    else:
        raise UserError("picture_gone", _("This picture has been deleted, so it can no longer be kept."))
    query.corrected_to, query.kept_as = support_class.name, kept
    query.save(update_fields=["corrected_to", "kept_as"])
    return kept


def correct_file(*, prediction: Prediction, file: str, class_name: str) -> SupportImage:
    """Correct the query picture of that file name, or of that id where several have one name."""
    known = (display_file_name(file), file)
    named = [query for query in prediction.queries.all() if query.original_name in known or str(query.pk) == file]
    if not named:
        raise UserError("unknown_picture", _("This prediction holds no picture “%(file)s”.") % {"file": file[:100]})
    if len(named) > 1:
        raise UserError(
            "unknown_picture", _("Several pictures are called “%(file)s”: give the id of one.") % {"file": file[:100]}
        )
    return correct(query=named[0], class_name=class_name)


def predictions_csv(*, prediction: Prediction) -> str:
    """Return the answers as CSV: a row a picture, a column for the score of each class."""
    names: list[str] = prediction.classifier.class_names
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("file"),
            _("class"),
            _("confidence"),
            _("sure"),
            _("none of these"),
            _("corrected to"),
            *map(_as_cell, names),
        ]
    )
    for query in prediction.queries.all():
        result = query.result or {"class_name": "", "confidence": "", "sure": "", "scores": {}}
        answer = [_as_cell(result["class_name"]), result["confidence"], result["sure"], result.get("none_of_these", "")]
        scores = (result["scores"].get(name, "") for name in names)
        writer.writerow([_as_cell(query.original_name), *answer, _as_cell(query.corrected_to), *scores])
    return out.getvalue()


def _as_cell(text: str) -> str:
    """Keep a spreadsheet from taking a person's text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def delete_prediction(*, prediction: Prediction) -> None:
    """Delete a prediction with its query pictures; what a correction kept stays in the support set."""
    remove_prediction(prediction)
