"""Which kind is suggested, and why: by the ink and not the paper, and never a grey one where colour tells."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageDraw

from tests.recognition.conftest import checkpoint_row, visit
from tests.recognition.pictures import drawing, drawing_upload, encoded, photo, photo_upload, upload
from webapp.checkpoints.models import Checkpoint
from webapp.recognition import services
from webapp.recognition.models import Classifier, SupportImage, SupportSet

RED, GREEN, BROWN = (200, 30, 30), (30, 150, 60), (140, 90, 50)
Colour = tuple[int, int, int]


@pytest.fixture
def both(db: None) -> list[Checkpoint]:
    """Return the live checkpoints of both kinds."""
    return [checkpoint_row(kind, kind=kind, live=True) for kind in ("characters", "photos")]


def arrow(colour: Colour, seed: int) -> bytes:
    """Draw an arrow on white, each time in another place."""
    dice = random.Random(seed)
    sheet = Image.new("RGB", (200, 200), "white")
    pen, x, y = ImageDraw.Draw(sheet), dice.randrange(20, 60), dice.randrange(60, 120)
    pen.line((x, y, x + 90, y), fill=colour, width=8)
    pen.polygon([(x + 85, y - 20), (x + 125, y), (x + 85, y + 20)], fill=colour)
    return encoded(sheet)


def fruit(colour: Colour, seed: int) -> bytes:
    """Cut something round and blotched out, and lay it on a white page."""
    blotches = Image.blend(photo(200, 160, seed), Image.new("RGB", (200, 160), colour), 0.8)
    outline = Image.new("L", (200, 160))
    ImageDraw.Draw(outline).ellipse((2, 2 + seed, 198, 158), fill=255)
    page = Image.new("RGB", (400, 400), "white")
    page.paste(blotches, (90 + 3 * seed, 120), outline)
    return encoded(page, "JPEG")


def filled(support_set: SupportSet, **classes: list[bytes]) -> services.Suggestion:
    for name, files in classes.items():
        services.add_images(support_set=support_set, class_name=name, files=[upload(data) for data in files])
    return services.suggestion_for(support_set=support_set)


def test_fruits_cut_out_on_white_are_photos_because_of_their_colours(support_set: SupportSet) -> None:
    colours = {"plum": (90, 40, 110), "lime": (110, 170, 40), "orange": (230, 130, 30)}
    fruits = {name: [fruit(colour, seed) for seed in range(5)] for name, colour in colours.items()}
    suggestion = filled(support_set, **fruits)
    assert suggestion.kinds == ("photos",)
    assert "Colour tells these classes apart" in suggestion.why


@pytest.mark.parametrize("n", [1, 3])
def test_red_and_green_arrows_are_told_apart_by_colour(support_set: SupportSet, n: int) -> None:
    red, green = ([arrow(colour, seed) for seed in range(n)] for colour in (RED, GREEN))
    assert filled(support_set, go=green, stop=red).kinds == ("photos",)


def test_pens_that_change_within_a_class_tell_nothing(support_set: SupportSet, both: list[Checkpoint]) -> None:
    mixed = [[arrow(colour, seed) for seed, colour in enumerate((RED, GREEN, RED, GREEN))] for _ in range(2)]
    assert set(filled(support_set, left=mixed[0], right=mixed[1]).kinds) == {"characters", "photos"}


def test_strokes_in_pens_of_any_colour_are_drawings(support_set: SupportSet) -> None:
    pens = ("black", "black", "black", "black", (30, 60, 160), (30, 60, 160))
    files = []
    for seed, colour in enumerate(pens):
        sheet = Image.new("RGB", (200, 200), colour)
        sheet.paste("white", mask=drawing(seed))
        files.append(encoded(sheet))
    assert filled(support_set, a=files[::2], b=files[1::2]).kinds == ("characters",)


def test_things_of_one_colour_on_white_are_tried_both_ways_photos_first(
    support_set: SupportSet, both: list[Checkpoint]
) -> None:
    nuts = {name: [fruit(BROWN, seed) for seed in range(3)] for name in ("walnut", "almond")}
    suggestion = filled(support_set, **nuts)
    assert suggestion.kinds == ("photos", "characters")
    assert suggestion.kind == ""
    assert "both are tried on your own pictures" in suggestion.why


def test_drawings_of_before_among_photos_are_tried_both_ways(support_set: SupportSet, both: list[Checkpoint]) -> None:
    services.add_images(support_set=support_set, class_name="a", files=[drawing_upload(seed) for seed in range(3)])
    services.add_images(support_set=support_set, class_name="b", files=[photo_upload(seed) for seed in range(2)])
    SupportImage.objects.update(ink=None)
    assert services.suggestion_for(support_set=support_set).kinds == ("characters", "photos")


def test_without_a_second_live_checkpoint_nothing_is_to_be_tried(support_set: SupportSet) -> None:
    checkpoint_row("photos", kind="photos", live=True)
    nuts = {name: [fruit(BROWN, seed) for seed in range(2)] for name in ("walnut", "almond")}
    assert filled(support_set, **nuts).kinds == ("photos",)


def test_grey_strokes_are_drawings_and_pictures_that_fill_the_frame_photos(support_set: SupportSet) -> None:
    services.add_images(support_set=support_set, class_name="a", files=[drawing_upload(seed) for seed in range(3)])
    suggestion = services.suggestion_for(support_set=support_set)
    assert (suggestion.kinds, "ink on plain paper" in suggestion.why) == (("characters",), True)
    services.add_images(support_set=support_set, class_name="b", files=[photo_upload(seed) for seed in range(3)])
    suggestion = services.suggestion_for(support_set=support_set)
    assert (suggestion.kinds, "fill the frame" in suggestion.why) == (("photos",), True)


def test_the_panel_says_why_and_offers_to_find_out(support_set: SupportSet, both: list[Checkpoint]) -> None:
    filled(support_set, **{name: [fruit(BROWN, seed) for seed in range(2)] for name in ("walnut", "almond")})
    page = visit(support_set.owner).get(f"/support-sets/{support_set.pk}/").content.decode()
    assert 'id="kind-tried" value="" checked' in page
    assert "both are tried on your own pictures" in page
    chosen = (
        visit(support_set.owner)
        .get(f"/support-sets/{support_set.pk}/", {"kind": "characters", "chosen": "1"})
        .content.decode()
    )
    assert 'id="kind-characters" value="characters" checked' in chosen
    assert 'id="kind-tried" value="">' in chosen


def test_learning_what_may_be_either_leaves_the_kind_to_the_worker(
    support_set: SupportSet, both: list[Checkpoint]
) -> None:
    filled(support_set, **{name: [fruit(BROWN, seed) for seed in range(2)] for name in ("walnut", "almond")})
    address = f"/support-sets/{support_set.pk}/learn/"
    visit(support_set.owner).post(address, {"kind": ""})
    assert Classifier.objects.latest("created").kinds_to_try == ["photos", "characters"]
    visit(support_set.owner).post(address, {"kind": "photos"})
    assert Classifier.objects.latest("created").kinds_to_try == []
