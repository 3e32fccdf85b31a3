"""A site with one row of everything, and everybody who may come to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.api.belongings import belongings_of
from tests.api.client import picture
from tests.checkpoints.candidates import candidate, make_benchmark, measured
from tests.config.addresses import Address
from tests.training import small_runs
from webapp.accounts.models import Owner
from webapp.accounts.services import GUEST_KEY, owner_of_user
from webapp.accounts.tokens import create_token
from webapp.checkpoints.models import Act, CheckpointImport, Publication
from webapp.faces.services import give_consent
from webapp.jobs.models import JobStatus
from webapp.site.examples.catalogue import EXAMPLES
from webapp.training.models import RunEstimate, TrainingRun
from webapp.training.recurrence import crontab_of
from webapp.training.runs import services as runs
from webapp.training.schedules import services as schedules
from webapp.training.sweeps import services as sweeps

MARK = "Xk7q"
"""What every name begins with that the owner has chosen: nobody else is ever to read it."""
QUESTIONS = {"detections": "detect", "identifications": "identify", "enrolments": "enrol"}
"""Addresses of the API that read another kind of question about faces than a verification."""
BOOKKEEPING = {
    "accounts_allowance",
    "accounts_apitoken",
    "accounts_attempts",
    "accounts_owner",
    "django_admin_log",
    "django_session",
}
"""Tables in which it is noted that somebody was there, or read something."""
WRITE = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')
WORDS = {"name": "New name", "class_name": "robin", "file": "query.png", "checkpoint": "characters"}
"""Fields enough for every form and every JSON body of the site."""
FORM = encode_multipart(BOUNDARY, {**WORDS, "images": picture(), "image": picture()})
JSON = json.dumps(WORDS).encode()


@dataclass
class Visitor:
    """Somebody at the site: with a session on the pages, with a token at the API."""

    role: str
    pages: Client
    api: Client
    written: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, **fields: Any) -> HttpResponse:
        """Send what suits the address, and undo what came of it; `written` has the tables that were written to."""
        if path.startswith("/api/"):
            response = self._send(self.api, method, path, JSON, "application/json")
            if response.status_code != 415:
                return response
            return self._send(self.api, method, path, FORM, MULTIPART_CONTENT)
        form = encode_multipart(BOUNDARY, fields) if fields else FORM
        return self._send(self.pages, method, path, form, MULTIPART_CONTENT)

    def _send(self, client: Client, method: str, path: str, body: bytes, content_type: str) -> HttpResponse:
        cookies = client.cookies.copy()
        self.written = set()
        with undone(), connection.execute_wrapper(self._note):
            response = client.generic(method, path, body, content_type)
            if response.streaming:  # read to its end, as a server does; Django's client closes it there
                response.streaming_content = [b"".join(response.streaming_content)]  # type: ignore[attr-defined]
        client.cookies = cookies
        return response  # type: ignore[return-value]

    def _note(self, execute: Any, sql: str, *arguments: Any) -> Any:
        if match := WRITE.match(sql):
            self.written.add(match[1])
        return execute(sql, *arguments)


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class World:
    """What there is: everything of the owner's is `hers`, of another user's `his`; a guest has as much."""

    def __init__(self) -> None:
        self.ada = User.objects.create_user("ada")
        self.owner = owner_of_user(user=self.ada)
        self.hers = belongings_of(self.owner, MARK)
        self.token = create_token(owner=self.owner, name=f"{MARK} laptop")[0]
        self.ben = User.objects.create_user("ben")
        self.his = belongings_of(owner_of_user(user=self.ben))
        self.guest = Owner.objects.create(guest_id="guest")
        belongings_of(self.guest)
        self.estimate = _what_staff_have()

    def visitor(self, role: str) -> Visitor:
        """Return somebody who comes to the site. Another user has, with the own token, the session of the owner."""
        if role in ("nobody", "guest"):
            visitor = Visitor(role, Client(raise_request_exception=False), Client())
            if role == "guest":
                session = visitor.pages.session
                session[GUEST_KEY] = self.guest.guest_id
                session.save()
                visitor.pages.cookies["sessionid"] = session.session_key
            return visitor
        user = {"owner": self.ada, "another": self.ben}.get(role) or _member_of_staff(role)
        token = create_token(owner=owner_of_user(user=user))[1]
        api = Client(headers={"Authorization": f"Bearer {token}"})
        visitor = Visitor(role, Client(raise_request_exception=False), api)
        visitor.pages.force_login(user)
        if role == "another":
            visitor.api.force_login(self.ada)
        return visitor

    def values_for(self, address: Address) -> dict[str, str]:
        """Return for each parameter of an address what of the owner's, or of what staff have, it stands for."""
        if address.is_admin:
            return self._values_in_admin(address)
        kind = next((kind for word, kind in QUESTIONS.items() if f"/{word}/" in address.route), "verify")
        rows: dict[str, Model] = {
            "support_set_id": self.hers.support_set,
            "class_id": self.hers.support_class,
            "image_id": self.hers.image,
            "classifier_id": self.hers.classifier,
            "prediction_id": self.hers.prediction,
            "query_id": self.hers.query,
            "import_id": self.hers.zip_import,
            "token_id": self.token,
            "person_id": self.hers.person,
            "face_id": self.hers.face,
            "question_id": self.hers.questions[kind],
        }
        ids = {name: str(row.pk) for name, row in rows.items()}
        nobodys = {"slug": next(iter(EXAMPLES)), "token": "x", "uidb64": "x"}
        return {**ids, **nobodys, "class_name": self.hers.support_class.name}

    def private_ids(self) -> list[bytes]:
        """Return the ids of what is hers."""
        rows = [*vars(self.hers).values(), self.token]
        return [str(row.pk).encode() for row in rows if isinstance(row, Model)]

    def _values_in_admin(self, address: Address) -> dict[str, str]:
        if address.model is None:
            about = ContentType.objects.get_for_model(type(self.hers.support_set))
            ids = {"content_type_id": str(about.pk), "object_id": str(self.hers.support_set.pk)}
            return {**ids, "app_label": "recognition", "url": "nowhere/"}
        row = self.estimate if "admin:training_run_estimated" in address.names else row_of(address.model)
        return dict.fromkeys(address.parameters, str(row.pk))


def row_of(model: type[Model]) -> Model:
    """Return the row that the pages of a model are tried with: the owner's, where people have such rows."""
    row = model._default_manager.order_by("pk").first()
    if model is User:
        row = User.objects.get(username="ada")
    assert row, f"{model.__name__}: teach `World` to have one, so that its pages are tried."
    return row


def _what_staff_have() -> RunEstimate:
    """Make one of everything that only staff see; return what is in no list of theirs."""
    Group.objects.create(name="trainers")
    version = small_runs.small_version()
    run = small_runs.start(version)
    TrainingRun.objects.update(status=JobStatus.READY)
    run.refresh_from_db()
    new, benchmark = candidate("new"), make_benchmark()
    old = candidate("old", kind="signs", live=True)
    measured(new, old, benchmark)
    Publication.objects.create(kind="signs", act=Act.PUBLISH, checkpoint=old, card=old.card)
    CheckpointImport.objects.create(original_name="new.zip", upload="imports/new.zip")
    schedules.add_schedule(by=None, name="Nightly", run=run, repeat=crontab_of(every="day", at=time(3, 0)))
    settings, space = small_runs.small_settings(), {"training.outer_lr": {"low": 0.001, "high": 0.1, "log": True}}
    sweeps.start_sweep(
        by=None, name="Rates", settings=settings, version=version, space=space, strategy="random", budget=4
    )
    return runs.start_estimate(by=None, settings=settings, version=version)


def _member_of_staff(role: str) -> User:
    """Make somebody on the staff, who has agreed to the notice on faces."""
    user = User.objects.create_user(role, is_staff=True, is_superuser=role == "superuser")
    if role == "viewer":
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    give_consent(owner=owner_of_user(user=user), gallery=True)
    return user
