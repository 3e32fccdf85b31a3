"""The whole site learns and classifies, on either database and broker, whatever is killed meanwhile."""

from __future__ import annotations

import pytest
from pytest_django import DjangoDbBlocker

from tests.jobs.drawings import drawings
from tests.running import wait_until
from tests.site_client import SiteClient
from tests.stack import Stack
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier

SHAPES = {"lines": "line", "rings": "ring"}


@pytest.fixture(params=["stack", "installed_stack"])
def running(request: pytest.FixtureRequest) -> Stack:
    """Return a running site on one pair of servers, then on the other."""
    site: Stack = request.getfixturevalue(request.param)
    return site


def test_pictures_are_learned_and_classified(running: Stack) -> None:
    with SiteClient(running, "ada") as ada:
        support_set = ada.support_set("shapes", {name: drawings(shape, 3) for name, shape in SHAPES.items()})
        classifier = ada.post(f"/support-sets/{support_set}/classifiers", {"checkpoint": "characters"})["id"]
        learned = ada.wait_for(f"/classifiers/{classifier}")
        assert (learned["status"], learned["error"]) == ("ready", None)
        queries = drawings("ring", 2, seed=9)
        answer = ada.upload(f"/classifiers/{classifier}/predictions?wait=30", queries)
    assert answer["status"] == "ready"
    assert [prediction["class_name"] for prediction in answer["predictions"]] == ["rings", "rings"]


def test_a_worker_killed_while_it_learns_loses_nothing(running: Stack, django_db_blocker: DjangoDbBlocker) -> None:
    with SiteClient(running, "cyd") as cyd:
        support_set = cyd.support_set("shapes", {name: drawings(shape, 60) for name, shape in SHAPES.items()})
        accepted = cyd.post(f"/support-sets/{support_set}/classifiers", {"checkpoint": "characters"})
        with running.orm(django_db_blocker):
            running_rows = Classifier.objects.filter(pk=accepted["id"], status=JobStatus.RUNNING)
            wait_until(running_rows.exists, what="the start of the learning")
            running.processes["worker"].kill()
            assert running_rows.filter(attempt=1).exists(), "it was killed in the middle"
        running.start_worker()  # it loads its models anew, which a busy machine takes long for
        assert cyd.wait_for(f"/classifiers/{accepted['id']}", seconds=60)["status"] == "ready"
        with running.orm(django_db_blocker):
            assert Classifier.objects.get(pk=accepted["id"]).attempt == 2


def test_pages_answer_and_nothing_accepted_is_lost_while_the_broker_is_away(running: Stack) -> None:
    with SiteClient(running, "bob") as bob:
        support_set = bob.support_set("shapes", {name: drawings(shape, 2) for name, shape in SHAPES.items()})
        running.broker.stop()
        accepted = bob.post(f"/support-sets/{support_set}/classifiers", {"checkpoint": "characters"})
        waiting = bob.get(f"/classifiers/{accepted['id']}")
        assert waiting["status"] == "queued"
        running.broker.start()
        assert bob.wait_for(f"/classifiers/{accepted['id']}", seconds=60)["status"] == "ready"
