"""A row whose JSON was damaged, from before a rule or by a hand in the database, is shown as damaged, and never a 500.

Whatever the field, every page that shows its row says so, and the sound rows beside it are still there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, models
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django_celery_beat.models import CrontabSchedule

from tests.api.belongings import Belongings, belongings_of
from tests.checkpoints.candidates import candidate, make_benchmark, measured
from tests.training.small_runs import small_settings
from webapp.accounts.services import owner_of_user
from webapp.accounts.tokens import create_token
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint, Evaluation, Publication
from webapp.core.rows.stored_json import Damaged, StoredJSON
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.faces.models import FaceQuestion
from webapp.faces.services import give_consent
from webapp.jobs.models import JobStatus
from webapp.recognition.models import (
    Classifier,
    Examination,
    Prediction,
    Quality,
    Query,
    SupportImage,
    ZipImport,
    ZipUpload,
)
from webapp.training.models import RunEstimate, Schedule, Sweep, TrainingRun
from webapp.training.runs import services as runs
from webapp.training.schedules import services as schedules
from webapp.training.sweeps import services as sweeps

FIELDS = [
    (model, field)
    for model in apps.get_models()
    if model.__module__.startswith("webapp.")
    for field in model._meta.concrete_fields
    if isinstance(field, models.JSONField)
]
VALUES = ['[1, "x", null]', '{"results": 1, "name": {"a": []}, "step": "x", "exam": 3}', '"\\ud800"']
"""What a hand may leave where other JSON belongs: whichever it is, pages read the field's blank and the reason."""
FIRST = dict(reversed(FIELDS))
"""Of each model the field before which its sound pages are looked at."""
pytestmark = pytest.mark.django_db


class World:
    """One row of every model that holds JSON, and a sound one beside it where a list shows both."""

    def __init__(self, ada: User) -> None:
        self.owner = owner_of_user(user=ada)
        give_consent(owner=self.owner, gallery=True)
        self.hers: Belongings = belongings_of(self.owner)
        self.live = Checkpoint.objects.get(name="characters")
        self.checkpoint, self.sound = candidate("damaged"), candidate("sound")
        self.evaluation = measured(self.checkpoint, self.live, make_benchmark())
        self.publication = checkpoints.publish(checkpoint=self.checkpoint, by=ada, reason="as it is a test")
        dataset = Dataset.objects.create(name="signs", source=Source.UPLOAD)
        self.version = DatasetVersion(dataset=dataset, number=1, status=JobStatus.READY)
        self.version.classes = [{"name": f"sign{n}", "split": "train", "pictures": 10, "strip": n} for n in range(6)]
        self.version.report = {"n_refused": 1, "refused": [{"file": "x", "reason": "no"}]}
        self.version.save()
        settings = small_settings()
        made = {"by": ada, "settings": settings, "version": self.version}
        self.run = runs.start_run(name="a run", **made)
        self.run.points, self.run.latest = [{"step": 1, "accuracy": 0.5, "ci95": 0.1}], {"step": 1, "seconds": 3.0}
        self.run.save()
        self.other_run = runs.start_run(name="sound run", **made)
        self.estimate = runs.start_estimate(**made)
        RunEstimate.objects.update(status=JobStatus.READY)
        space = {"training.outer_lr": {"low": 1e-4, "high": 1e-2, "log": True}}
        self.sweep = sweeps.start_sweep(name="a sweep", space=space, strategy="random", budget=2, seed=0, **made)
        done = runs.start_run(name="done run", **made)
        TrainingRun.objects.filter(pk=done.pk).update(status=JobStatus.READY)
        done.refresh_from_db()
        self.schedule = schedules.add_schedule(by=ada, name="nightly", run=done, repeat=CrontabSchedule(hour="3"))
        self.zip_upload = ZipUpload.objects.create(support_set=self.hers.support_set, original_name="a.zip")

    def row(self, model: type[models.Model]) -> models.Model:
        """Return the row of a model that is damaged."""
        rows = {Checkpoint: self.checkpoint, TrainingRun: self.run, Schedule: self.schedule}
        return rows.get(model) or model._default_manager.first()  # type: ignore[return-value]

    def pages(self, model: type[models.Model]) -> Iterator[str]:
        """Yield the addresses that show a row of a model, or something that stands on it."""
        yield from self._pages_of_staff(model, self.row(model))
        if model in (
            Checkpoint,
            Classifier,
            Examination,
            Prediction,
            Quality,
            Query,
            SupportImage,
            ZipImport,
            ZipUpload,
        ):
            yield from self._pages_of_people()
        if model is FaceQuestion:
            for kind, question in self.hers.questions.items():
                yield from (reverse(page, args=[question.pk]) for page in ("face_question", "face_question_status"))
                yield f"/api/v1/faces/{API_NAMES[kind]}/{question.pk}"

    def _pages_of_people(self) -> Iterator[str]:
        hers = self.hers
        pages = {
            hers.support_set: ("support_set", "support_set_readiness"),
            hers.classifier: ("classifier", "classifier_status"),
            hers.prediction: ("prediction", "prediction_status", "prediction_csv"),
            hers.zip_import: ("zip_import_status",),
        }
        yield from (reverse(page, args=[row.pk]) for row, names in pages.items() for page in names)
        yield from (reverse("my_classifiers"), reverse("home"), f"{API}/checkpoints")
        yield f"{API}/support-sets/{hers.support_set.pk}"
        yield from (f"{API}/classifiers/{hers.classifier.pk}{part}" for part in ("", "/quality"))
        yield f"{API}/predictions/{hers.prediction.pk}"

    def _pages_of_staff(self, model: type[models.Model], row: models.Model) -> Iterator[str]:
        with suppress(NoReverseMatch):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            yield reverse(f"{name}_changelist")
            yield reverse(f"{name}_change", args=[row.pk])
        add = reverse("admin:training_trainingrun_add")
        compare = reverse("admin:training_comparison")
        if isinstance(row, Checkpoint | Evaluation | Publication):
            pages = ("change", "gate", "export")
            yield from (reverse(f"admin:checkpoints_checkpoint_{page}", args=[self.checkpoint.pk]) for page in pages)
            yield from (f"{compare}?checkpoint={self.checkpoint.pk}&checkpoint={self.sound.pk}",)
            yield f"{add}?start_from={self.checkpoint.pk}"
        if isinstance(row, TrainingRun):
            yield from (reverse(f"admin:training_run_{page}", args=[row.pk]) for page in ("live", "config"))
            yield from (f"{add}?clone={row.pk}", f"{compare}?run={row.pk}&run={self.other_run.pk}")
        if isinstance(row, Sweep):
            yield reverse("admin:training_sweep_live", args=[row.pk])
        if isinstance(row, RunEstimate):
            yield reverse("admin:training_run_estimated", args=[row.pk])
        if isinstance(row, DatasetVersion):
            yield reverse("admin:datasets_datasetversion_state", args=[row.pk])
            yield from (reverse("admin:datasets_dataset_change", args=[row.dataset_id]), f"{add}?version={row.pk}")


API = "/api/v1"
API_NAMES = {"detect": "detections", "identify": "identifications", "enrol": "enrolments", "verify": "verifications"}
SHOWN_NOWHERE = {
    (Evaluation, "drawn"),  # it is found by what was drawn: a damaged one counts as none
    (FaceQuestion, "photos"),
    (Query, "ink"),
    (RunEstimate, "config"),
    (SupportImage, "ink"),
}
"""Fields of which no page shows anything."""


def damage(row: models.Model, field: models.Field[Any, Any], text: str) -> None:
    """Write a text where a row keeps JSON, as a hand in the database does."""
    table, column, key = row._meta.db_table, field.column, row._meta.pk.column
    values = [text, row.pk.hex if hasattr(row.pk, "hex") else row.pk]
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE "{key}" = %s', values)  # noqa: S608
        assert cursor.rowcount == 1


@pytest.fixture
def ada(settings: Any, tmp_path: Path) -> User:
    """Return one who may do everything, and whose things are looked at."""
    settings.DATA_DIR = tmp_path
    return User.objects.create_superuser("ada")


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=[f"{model.__name__}.{field.name}" for model, field in FIELDS])
def test_every_page_shows_a_damaged_row_as_damaged(model: type[models.Model], field: StoredJSON, ada: User) -> None:
    assert isinstance(field, StoredJSON), "declare it as a StoredJSON with its schema, so that it is read by that"
    world = World(ada)
    token = create_token(owner=world.owner)[1]
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    client.force_login(ada)
    row, pages = world.row(model), list(world.pages(model))
    if FIRST[model] is field:
        sound = {page: client.get(page).status_code for page in pages}
        assert {page: status for page, status in sound.items() if status not in (200, 286)} == {}
    for text in VALUES:
        damage(row, field, text)
        value = getattr(model._default_manager.get(pk=row.pk), field.attname)
        assert (value, isinstance(value, Damaged)) == ({} if field.null else field.blank_value, True), text
    answers = {page: client.get(page) for page in pages}
    assert {page: answer.status_code for page, answer in answers.items() if answer.status_code >= 500} == {}
    shown = "".join(answer.content.decode() for answer in answers.values() if not answer.streaming)
    assert "amaged" in shown or (model, field.name) in SHOWN_NOWHERE


def test_staff_read_no_word_of_people_in_what_is_said_of_a_damaged_row(ada: User) -> None:
    world = World(ada)
    damage(world.hers.classifier, Classifier._meta.get_field("class_names"), json.dumps(["Grandma Gertrude " * 20]))
    client = Client()
    client.force_login(ada)
    page = client.get(reverse("admin:recognition_classifier_changelist")).content.decode()
    assert f"{world.hers.classifier.pk}: Damaged: its class names cannot be shown. Learn " in page
    assert "Gertrude" not in page


def test_what_was_found_sound_is_not_held_to_its_schema_again_and_no_two_rows_share_it(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = candidate("often read")
    read: list[Any] = []
    field = Checkpoint._meta.get_field("card")
    monkeypatch.setattr(type(field.schema), "require", lambda _self, value: read.append(value))
    first, second = (Checkpoint.objects.get(pk=row.pk) for _ in range(2))
    assert len(read) == 1
    first.card["name"] = "changed"
    assert second.card["name"] == Checkpoint.objects.get(pk=row.pk).card["name"] == "often read"
    damage(row, field, '{"name": "changed by hand"}')
    assert Checkpoint.objects.get(pk=row.pk)
    assert read[1:] == [{"name": "changed by hand"}]


def test_saving_a_damaged_row_keeps_what_it_holds(ada: User) -> None:
    row = candidate("kept")
    damage(row, Checkpoint._meta.get_field("card"), '{"results": [1, "x", null]}')
    row = Checkpoint.objects.get(pk=row.pk)
    row.name = "renamed"
    row.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT card FROM checkpoints_checkpoint WHERE name = 'renamed'")
        assert json.loads(cursor.fetchone()[0]) == {"results": [1, "x", None]}
