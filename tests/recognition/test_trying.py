"""Where two kinds may suit, the worker tries both on the pictures themselves, takes the better one and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from mlcore.checkpoints.card import PRETRAINED, ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.errors import AdaptationError
from mlcore.evaluation.leave_one_out import LeaveOneOut, leave_one_out
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod
from tests.checkpoints.candidates import registered
from tests.recognition.pictures import drawing_upload, encoded, upload
from tests.recognition.test_suggestion import BROWN, GREEN, RED, arrow, fruit
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import Classifier, Prediction, Query, SupportImage, SupportSet
from webapp.recognition.worker import classifying, loaded, trying


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    loaded.methods._values.clear()
    loaded.classifiers._values.clear()


@pytest.fixture
def live(db: None, settings: Any, tmp_path: Path) -> dict[str, Checkpoint]:
    """Register the checkpoint for drawings that ships, and a tiny untrained one for photos."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=448, in_channels=3, width=4))
    card = ModelCard(name="tiny", kind="photos", method="prototypical", config=config.to_dict(), transform="photos")
    save_checkpoint(tmp_path / "tiny", build_method("prototypical", config), card)
    made = {"characters": PRETRAINED / "characters", "photos": tmp_path / "tiny"}
    return {kind: registered(folder, live=True) for kind, folder in made.items()}


def learned(support_set: SupportSet, **asked: str) -> Classifier:
    classifier = services.start_classifier(owner=support_set.owner, support_set=support_set, **asked)
    classifying.learn(str(classifier.pk))
    return Classifier.objects.select_related("checkpoint").get(pk=classifier.pk)


def add(support_set: SupportSet, name: str, *files: bytes) -> None:
    services.add_images(support_set=support_set, class_name=name, files=[upload(data) for data in files])


def cross(seed: int, colour: tuple[int, int, int]) -> bytes:
    sheet = Image.new("RGB", (200, 200), "white")
    pen, x = ImageDraw.Draw(sheet), 40 + 5 * seed
    pen.line((x, x, x + 90, x + 90), fill=colour, width=16)
    pen.line((x + 90, x, x, x + 90), fill=colour, width=16)
    return encoded(sheet)


def test_shapes_in_pens_of_any_colour_are_learned_as_drawings(
    support_set: SupportSet, live: dict[str, Checkpoint]
) -> None:
    colours = (RED, GREEN, RED, GREEN)
    add(support_set, "arrow", *(arrow(colour, seed) for seed, colour in enumerate(colours)))
    add(support_set, "cross", *(cross(seed, colour) for seed, colour in enumerate(colours)))
    row = learned(support_set)
    assert (row.status, row.checkpoint) == (JobStatus.READY, live["characters"])
    assert "Characters & drawings”" in row.kind_reason
    assert "8 of 8 of your pictures, each left out in turn" in row.kind_reason


def test_things_that_differ_in_shade_alone_are_learned_as_photos(
    support_set: SupportSet, live: dict[str, Checkpoint]
) -> None:
    add(support_set, "pale", *(fruit((150, 150, 150), seed) for seed in range(3)))
    add(support_set, "dark", *(fruit((40, 40, 40), seed) for seed in range(3)))
    row = learned(support_set)
    assert (row.status, row.checkpoint) == (JobStatus.READY, live["photos"])
    assert "Learned as “Photos”, which knew" in row.kind_reason


def test_with_one_picture_a_class_the_look_decides(support_set: SupportSet, live: dict[str, Checkpoint]) -> None:
    add(support_set, "walnut", fruit(BROWN, 1))
    add(support_set, "almond", fruit(BROWN, 2))
    row = learned(support_set)
    assert (row.status, row.checkpoint) == (JobStatus.READY, live["photos"])
    assert "one picture a class" in row.kind_reason


def test_a_kind_that_was_asked_for_is_not_tried(support_set: SupportSet, live: dict[str, Checkpoint]) -> None:
    add(support_set, "walnut", fruit(BROWN, 1), fruit(BROWN, 3))
    add(support_set, "almond", fruit(BROWN, 2))
    row = learned(support_set, kind="characters")
    assert (row.checkpoint, row.kind_reason) == (live["characters"], "")


def of_two_shades(support_set: SupportSet) -> SupportSet:
    add(support_set, "pale", *(fruit((150, 150, 150), seed) for seed in range(2)))
    add(support_set, "dark", *(fruit((40, 40, 40), seed) for seed in range(2)))
    return support_set


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ({1}, "Learned as “Photos”: read the other way, the method loses its way on your pictures."),
        ({1, 3}, "Learned as “Photos”, which they look like: it could not be tried on your pictures first."),
    ],
)
def test_a_method_that_loses_its_way_is_given_as_the_reason(
    support_set: SupportSet,
    live: dict[str, Checkpoint],
    monkeypatch: pytest.MonkeyPatch,
    channels: set[int],
    reason: str,
) -> None:
    def diverging(method: FewShotMethod, *args: Any, **more: Any) -> LeaveOneOut:
        if method.config.backbone.in_channels in channels:
            raise AdaptationError("the loss is inf at step 2; lower inner_lr")
        return leave_one_out(method, *args, **more)

    monkeypatch.setattr(trying, "leave_one_out", diverging)
    row = learned(of_two_shades(support_set))
    assert (row.status, row.kind_reason) == (JobStatus.READY, reason)


def test_a_kind_that_is_no_longer_offered_is_given_as_the_reason(
    support_set: SupportSet, live: dict[str, Checkpoint]
) -> None:
    of_two_shades(support_set)
    started = services.start_classifier(owner=support_set.owner, support_set=support_set)
    Checkpoint.objects.filter(pk=live["characters"].pk).update(live=False)
    classifying.learn(str(started.pk))
    reason = Classifier.objects.get(pk=started.pk).kind_reason
    assert reason == "Learned as “Photos”: nothing else is offered any more that your pictures may be."


def faint() -> bytes:
    """Return paper in uneven light, on which there is nothing."""
    return encoded(Image.linear_gradient("L").point(lambda level: 200 + level // 8))


def test_a_support_picture_without_ink_is_named(support_set: SupportSet, live: dict[str, Checkpoint]) -> None:
    services.add_images(support_set=support_set, class_name="a", files=[drawing_upload(1), drawing_upload(2)])
    services.add_images(support_set=support_set, class_name="b", files=[upload(faint(), "empty page.png")])
    row = learned(support_set, kind="characters")
    assert (row.status, row.error_code) == (JobStatus.FAILED, "cannot_learn")
    assert "nothing to see in empty page.png" in row.error


def spoil(picture: SupportImage | Query, content: bytes) -> None:
    """Let a picture be what an earlier version kept, or what a bad disk made of it."""
    with default_storage.open(picture.file.name or "", "wb") as file:
        file.write(content)


@pytest.mark.parametrize("kind", ["characters", "photos", ""])
@pytest.mark.parametrize(
    ("content", "words"),
    [(encoded(Image.new("L", (40, 40), 128)), "nothing to see in kept.png"), (b"x", "kept.png was kept, but")],
    ids=["blank", "damaged"],
)
def test_a_kept_picture_that_is_nothing_to_look_at_is_named(
    support_set: SupportSet, live: dict[str, Checkpoint], kind: str, content: bytes, words: str
) -> None:
    add(support_set, "pale", fruit((150, 150, 150), 1), fruit((150, 150, 150), 2))
    services.add_images(support_set=support_set, class_name="dark", files=[upload(fruit(RED, 1), "kept.png")])
    spoil(SupportImage.objects.get(original_name="kept.png"), content)
    row = learned(support_set, **({"kind": kind} if kind else {}))
    assert row.status == JobStatus.FAILED
    assert words in row.error
    assert ("As a drawing" in row.error) <= (row.checkpoint.kind == "characters")


def test_a_kept_query_that_is_blank_is_marked_and_the_others_are_answered(
    support_set: SupportSet, live: dict[str, Checkpoint]
) -> None:
    add(support_set, "walnut", fruit(BROWN, 1))
    add(support_set, "almond", fruit(BROWN, 2))
    row = learned(support_set, kind="photos")
    files = [upload(fruit(BROWN, 3)), upload(fruit(BROWN, 4), "blank.png")]
    prediction = services.start_prediction(owner=row.owner, classifier=row, files=files)
    spoil(Query.objects.get(original_name="blank.png"), encoded(Image.new("RGB", (40, 40), "red")))
    classifying.predict(str(prediction.pk))
    good, blank = (query.result for query in Prediction.objects.get(pk=prediction.pk).queries.all())
    assert ("is_empty" in good, blank["is_empty"], blank["sure"]) == (False, True, False)


def test_a_query_without_ink_is_marked_and_never_sure(support_set: SupportSet, live: dict[str, Checkpoint]) -> None:
    for name, seeds in (("a", (1, 2)), ("b", (3, 4))):
        files = [drawing_upload(seed) for seed in seeds]
        services.add_images(support_set=support_set, class_name=name, files=files)
    row = learned(support_set, kind="characters")
    files = [drawing_upload(1), upload(faint(), "empty page.png")]
    prediction = services.start_prediction(owner=row.owner, classifier=row, files=files)
    classifying.predict(str(prediction.pk))
    drawn, empty = (query.result for query in Prediction.objects.get(pk=prediction.pk).queries.all())
    assert ("is_empty" in drawn, empty["is_empty"], empty["sure"]) == (False, True, False)
