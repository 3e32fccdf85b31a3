"""The API keeps to its own schema, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import Settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from webapp.accounts.models import Owner
from webapp.accounts.tokens import create_token
from webapp.api import waiting
from webapp.api.waiting import WaitPlaces

from .belongings import Belongings

PACES = ("uploads_per_minute", "predictions_per_minute", "face_questions_per_minute", "active_jobs")
PLENTY = dict.fromkeys(PACES, 10**6)
QUESTIONS = {"verifications": "verify", "detections": "detect", "identifications": "identify", "enrolments": "enrol"}
"""Under which address the answers of which kind of question about faces are read."""
with_own_id = pytest.mark.parametrize("operation", ["each"])
"""With a parameter of its own an operation has an id of its own, which tests in several processes go by."""
few = examples(max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


operations = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
operations.config.generation.update(with_security_parameters=False)  # the tests send a token of their own


@pytest.fixture(autouse=True)
def _one_connection(db: None) -> Iterator[None]:
    """Keep the test's connection open from one request to the next."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def authorization(owner: Owner, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the header of someone whom no limit stops, and who finds no place to wait: no worker would answer."""
    monkeypatch.setattr(waiting, "places", WaitPlaces(0))
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, **PLENTY}
    return {"Authorization": f"Bearer {create_token(owner=owner)[1]}"}


@with_own_id
@operations.parametrize()
@few
def test_answers_are_as_documented(case: schemathesis.Case, authorization: dict[str, str], operation: str) -> None:
    case.call_and_validate(headers=authorization, excluded_checks=[positive_data_acceptance])


@with_own_id
@operations.include(path_regex="_id}").parametrize()
@few
def test_answers_about_what_is_there_are_as_documented(
    case: schemathesis.Case, authorization: dict[str, str], birds: Belongings, operation: str
) -> None:
    real = {
        "support_set_id": birds.support_set.id,
        "image_id": birds.image.id,
        "classifier_id": birds.classifier.id,
        "prediction_id": birds.prediction.id,
        "class_name": "robin",
        "person_id": birds.person.id,
        "face_id": birds.face.id,
    }
    if "question_id" in case.path_parameters:
        real["question_id"] = birds.questions[QUESTIONS[case.path.split("/")[-2]]].id
    case.path_parameters = {name: str(real[name]) for name in case.path_parameters}
    case.call_and_validate(headers=authorization, excluded_checks=[positive_data_acceptance, negative_data_rejection])
