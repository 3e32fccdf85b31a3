"""Whatever a checkpoint's zip holds, it is refused in words or every page that shows it is sound: never a 500.

Cards and headers of weights, mutated from sound ones, go the whole way: the form, the job, the worker’s work.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from mlcore.checkpoints.card import MOST_CARD_BYTES, pretrained_cards
from mlcore.cli.main import main
from tests.api.client import ApiClient
from tests.checkpoints.candidates import tiny
from tests.checkpoints.test_import import taken_in, zipped
from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from tests.training.people import signed_in
from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.worker import importing
from webapp.jobs.errors import JobFailed
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import SupportSet
from webapp.recognition.worker import classifying, loaded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]
Files = dict[str, bytes]
CARD, WEIGHTS = "card.json", "weights.safetensors"
FEW = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return the files of a checkpoint that can be loaded, whose card says as much as one that ships."""
    files = {path.name: path.read_bytes() for path in tiny(tmp_path_factory.mktemp("made")).iterdir()}
    own, shipped = json.loads(files[CARD]), pretrained_cards()["characters-anil"].to_dict()
    kept = {name: own[name] for name in ("name", "method", "config", "digest", "packages")}
    return {**files, CARD: json.dumps({**shipped, **kept}).encode()}


@pytest.fixture
def world(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a site whose worker tries checkpoints in this process, as another one takes seconds to start."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"
    monkeypatch.setattr(importing, "ask", _ask_here)
    return World()


def _ask_here(claim: Any, command: Sequence[str], *, refused: str, **_more: Any) -> dict[str, Any]:
    """Do what `mlcore import-checkpoint` does, without its limit of memory, which would stay."""
    words, printed, errors = list(command[3:]), io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    del words[words.index("--memory-mb") :]
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        status = main(words)
    if status:
        raise JobFailed(code=refused, message=errors.getvalue().removeprefix("mlcore: "))
    return {}


class World:
    """Those who bring a checkpoint and those who would see it."""

    def __init__(self) -> None:
        self.staff = signed_in("import_checkpoint", "view_checkpoint", "publish_checkpoint")
        self.guest = Owner.objects.create(guest_id="somebody")
        self.signs: SupportSet = services.create_support_set(owner=self.guest, name="Signs")
        for name, seeds in (("anchor", (1, 2)), ("snail", (3, 4))):
            files = [drawing_upload(seed) for seed in seeds]
            services.add_images(support_set=self.signs, class_name=name, files=files)

    def bring(self, files: Files) -> Checkpoint | None:
        """Send a zip as the form does, and do the job; return what came of it, or nothing where it was refused."""
        self.staff.raise_request_exception = False
        answer = self.staff.post(reverse("admin:checkpoints_checkpoint_import"), {"file": zipped(files)})
        assert answer.status_code in (302, 422), answer.content.decode()[:2000]
        if answer.status_code == 422:
            assert 'class="refusal"' in answer.content.decode()
            return None
        row = CheckpointImport.objects.get()
        importing.take_in(str(row.pk))
        row.refresh_from_db()
        assert row.error_code in ("", "unsound", "bad_card", "bad_kind", "other_transform"), row.error
        assert (row.status == JobStatus.READY) == (row.checkpoint is not None)
        return row.checkpoint

    def require_sound_pages(self, checkpoint: Checkpoint) -> None:
        """Open all that shows a checkpoint to staff, then, once it is live, to people, and learn and ask with it."""
        address = "admin:checkpoints_checkpoint"
        _require_fine(self.staff, reverse(f"{address}_changelist"))
        for page in ("change", "gate", "export"):
            _require_fine(self.staff, reverse(f"{address}_{page}", args=[checkpoint.pk]))
        Checkpoint.objects.filter(pk=checkpoint.pk).update(live=True)
        _require_fine(visit(self.guest), reverse("support_set_readiness", args=[self.signs.pk]))
        assert ApiClient(self.guest).get("/checkpoints").status_code == 200
        classifier = services.start_classifier(owner=self.guest, support_set=self.signs, kind=checkpoint.kind)
        classifying.learn(str(classifier.pk))
        classifier.refresh_from_db()
        assert classifier.error_code in ("", "cannot_learn")
        _require_fine(visit(self.guest), reverse("classifier", args=[classifier.pk]))
        if classifier.status == JobStatus.READY:
            asked = services.start_prediction(owner=self.guest, classifier=classifier, files=[drawing_upload(5)])
            classifying.predict(str(asked.pk))
            asked.refresh_from_db()
            assert asked.error_code in ("", "no_answer")
            _require_fine(visit(self.guest), reverse("prediction", args=[asked.pk]))


def _require_fine(client: Client, address: str) -> None:
    assert client.get(address).status_code in (200, 286), address


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Roll back what one example writes, and forget what it loaded."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    loaded.methods._values.clear()
    loaded.classifiers._values.clear()


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each part of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (name,)
        yield from ((name, *rest) for rest in paths(part))


def put(document: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a document with something else at a path."""
    changed = place = deepcopy(document)
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**63, 10**400, 0.5, 1e308, -0.0, float("nan"), float("inf")]),
    st.sampled_from(["", "x", "\0", "\ud800", "maml", "photos", "../..", "<b>", "9" * 500, "x" * 30_000]),
    st.just(json.loads("[" * 50 + "]" * 50)),
    st.sampled_from([[], {}, [1, "x", None], {"a": 1}, [{}], {"": {}}, ["x"] * 5000]),
)


@FEW
@given(data=st.data())
def test_a_card_of_any_make_is_refused_or_every_page_is_sound(sound: Files, world: World, data: st.DataObject) -> None:
    card = json.loads(sound[CARD])
    path = data.draw(st.sampled_from(sorted(paths(card), key=str)))
    changed = json.dumps(put(card, path, data.draw(ODD)))
    with undone():
        if checkpoint := world.bring({**sound, CARD: changed.encode()}):
            world.require_sound_pages(checkpoint)


@FEW
@given(text=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)), at=st.integers(0, 4000))
def test_a_card_of_any_bytes_is_refused_or_sound(sound: Files, world: World, text: bytes, at: int) -> None:
    card = sound[CARD]
    with undone():
        if checkpoint := world.bring(
            {**sound, CARD: card[: at % len(card)] + text + card[at % len(card) + len(text) :]}
        ):
            world.require_sound_pages(checkpoint)


def with_weights(files: Files, weights: bytes) -> Files:
    """Return files with other weights, for which the card was written."""
    card = {**json.loads(files[CARD]), "digest": hashlib.sha256(weights).hexdigest()}
    return {CARD: json.dumps(card).encode(), WEIGHTS: weights}


@FEW
@given(data=st.data())
def test_weights_of_any_header_are_refused_or_sound(sound: Files, world: World, data: st.DataObject) -> None:
    weights = sound[WEIGHTS]
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + length])
    path = data.draw(st.sampled_from(sorted(paths(header), key=str)))
    odd = st.one_of(ODD, st.sampled_from([[0, 2**40], [4, 0], "F64", "BOOL", "I8", [2**62, 2**62], [-1]]))
    changed = json.dumps(put(header, path, data.draw(odd))).encode()
    said = data.draw(st.sampled_from([len(changed), len(changed), 0, 2**20, 2**40, 2**64 - 1]))
    with undone():
        brought = said.to_bytes(8, "little") + changed + weights[8 + length :]
        if checkpoint := world.bring(with_weights(sound, brought)):
            world.require_sound_pages(checkpoint)


def test_a_sound_one_is_taken_in(sound: Files, world: World) -> None:
    checkpoint = world.bring(sound)
    assert checkpoint is not None
    world.require_sound_pages(checkpoint)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("results",), [1, "x", None], "results[0] is 1; it must be an object"),
        (("results", 0, "accuracy"), "x", "results[0].accuracy is &#x27;x&#x27;; it must be a number"),
        (("results", 0, "accuracy"), float("nan"), "it holds NaN, which is no number"),
        (("results", 0, "accuracy"), 2, "results[0].accuracy is 2; it must be a number between 0 and 1"),
        (("results", 5, "adapt_seconds"), [], "results[5].adapt_seconds is something else; it must be a number"),
        (("training", "validation", "accuracy"), "x", "training.validation.accuracy is &#x27;x&#x27;"),
        (("training", "validation"), [], "training.validation is something else; it must be an object"),
        (("training", "diverged"), "x", "training.diverged is &#x27;x&#x27;"),
        (("training", "ancestors"), [{"name": 1}], "training.ancestors[0].digest is missing"),
        (("training", "config"), 3, "training.config is 3; it must be an object"),
        (("data", "class_names"), [1], "data.class_names[0] is 1; it must be text"),
        (("data", "validation_overlap"), -1, "data.validation_overlap is -1; it must be a whole number"),
        (("not_sure_below",), "x", "not_sure_below is &#x27;x&#x27;"),
        (("temperature",), 0, "temperature is 0; it must be a number between 1e-06 and 1e+06"),
        (("temperature_growth",), 1e9, "temperature_growth is 1000000000.0"),
        (("parameters",), 10**400, "parameters is 1000"),
        (("name",), "a\0b", "name is &#x27;a\\x00b&#x27;; it must be text"),
        (("notes",), "\ud800", "notes is &#x27;\\ud800&#x27;; it must be text"),
        (("notes",), "x" * 200_000, "it must be text of at most 100000 characters"),
        (("results",), [{}] * 2000, "results lists 2000; it must list 0 to 1000"),
        (("config", "deep"), [[[[[[1]]]]]], "config.deep[0][0][0] is nested too deep"),
        (("config", "backbone", "name"), "resnet999", "name is &#x27;resnet999&#x27;; it must be"),
        (("config", "backbone", "width"), 2**40, "config.width is 1099511627776; it must be at most 100000"),
        (("method",), "magic", "method is &#x27;magic&#x27;; it must be one of"),
        (("kind",), "Faces!", "kind is &#x27;Faces!&#x27;; it must be small letters"),
        (("packages",), {"torch": 1}, "packages.torch is 1; it must be an object"),
    ],
)
def test_what_is_wrong_with_a_card_is_said_with_its_place(
    sound: Files, world: World, path: Sequence[str | int], value: Any, words: str
) -> None:
    card = put(json.loads(sound[CARD]), path, value)
    sent = zipped({**sound, CARD: json.dumps(card).encode()})
    answer = world.staff.post(reverse("admin:checkpoints_checkpoint_import"), {"file": sent})
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (422, True), page[page.find('class="refusal"') :][:600]
    assert not CheckpointImport.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"kind": ', b'"kind": "photos", "kind": ', "a key stands in it twice"),
        (b'"notes": ', b'"extra": ' + b"[" * 90 + b"]" * 90 + b', "notes": ', "nested more than 12 deep"),
        (b'"notes": ', b'"extra": ' + b"[" * 90_000 + b', "notes": ', "no JSON that can be read"),
        (b'"notes": ', b'"extra": ' + b"9" * 5000 + b', "notes": ', "no JSON that can be read"),
        (b'"notes": ', b'"extra": 1e999, "notes": ', "it holds 1e999, which is too large"),
        (b'"notes": "', b'"notes": "' + b"x" * MOST_CARD_BYTES, f"larger than {MOST_CARD_BYTES} bytes"),
    ],
    ids=["a key twice", "deep", "deeper than a stack", "a long number", "infinity by digits", "16 MB"],
)
def test_json_that_readers_take_differently_is_refused(
    sound: Files, world: World, old: bytes, new: bytes, words: str
) -> None:
    sent = zipped({**sound, CARD: sound[CARD].replace(old, new, 1)})
    answer = world.staff.post(reverse("admin:checkpoints_checkpoint_import"), {"file": sent})
    assert (answer.status_code, words in answer.content.decode()) == (422, True), answer.content.decode()[:3000]


def _first(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[dict[str, torch.Tensor]], None]:
    def changed(weights: dict[str, torch.Tensor]) -> None:
        name = next(name for name, tensor in sorted(weights.items()) if tensor.ndim > 1)
        weights[name] = change(weights[name])

    return changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_first(lambda tensor: tensor.fill_(float("nan"))), "holds NaN or infinity"),
        (_first(lambda tensor: tensor.fill_(float("-inf"))), "holds NaN or infinity"),
        (_first(lambda tensor: tensor.half()), "of F32 there, and 4 x 1 x 3 x 3 of F16 in the file"),
        (_first(lambda tensor: tensor[:1].contiguous()), "does not fit its card"),
        (lambda weights: weights.update(more=torch.zeros(1)), "more is not there, and 1 of F32 in the file"),
        (lambda weights: weights.pop(sorted(weights)[0]), "of F32 there, and not in the file"),
    ],
)
def test_weights_other_than_those_of_the_cards_network_are_refused(
    sound: Files, world: World, change: Callable[[dict[str, torch.Tensor]], None], words: str
) -> None:
    weights = load(sound[WEIGHTS])
    change(weights)
    row = taken_in(zipped(with_weights(sound, save(weights))))
    assert (row.error_code, words in row.error) == ("unsound", True), row.error
    assert not Checkpoint.objects.exists()


def test_weights_too_large_to_answer_with_end_in_words(sound: Files, world: World) -> None:
    weights = {
        name: tensor * 1e30 if tensor.is_floating_point() else tensor for name, tensor in load(sound[WEIGHTS]).items()
    }
    if checkpoint := world.bring(with_weights(sound, save(weights))):
        world.require_sound_pages(checkpoint)
