"""Two photos compared, a gallery kept and erased: from files, with a camera, on a large page and a small one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import CHROMIUM_FLAGS
from tests.faces.drawn import drawn, drawn_file
from tests.faces.test_bad_input import crowd
from tests.journeys.looks import flaws
from tests.journeys.test_looks import problems
from tests.journeys.visitor import Visitor
from tests.programs import need
from tests.recognition.pictures import encoded, photo
from tests.stack import Stack

pytestmark = pytest.mark.requires_chromium

SAME, OTHER = "This passes as the same person.", "This does not pass as the same person."


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder of photos: three of each drawn person, a crowd and a landscape."""
    for name in ("ada", "ben", "cleo"):
        for place in range(3):
            (tmp_path / f"{name}-{place}.jpg").write_bytes(drawn_file(name, place))
    (tmp_path / "crowd.jpg").write_bytes(encoded(crowd(2, 1, 300), "JPEG"))
    (tmp_path / "landscape.jpg").write_bytes(encoded(photo(640, 480), "JPEG"))
    return tmp_path


@pytest.fixture
def agreed(visitor: Visitor) -> Visitor:
    """Come to the page on faces, read the notice and agree."""
    visitor.page.goto("/")
    visitor.page.get_by_role("link", name="Faces", exact=True).click()
    expect(visitor.page.get_by_role("heading", name="How long it is kept")).to_be_visible()
    visitor.button("I agree").click()
    visitor.page.wait_for_url("**/faces/verify/")
    return visitor


def choose(page: Page, what: str, *files: Path) -> None:
    """Choose files with the button of that name."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=what, exact=True).click()
    chooser.value.set_files(list(files))


def compare(visitor: Visitor, first: Path, second: Path) -> Locator:
    """Compare two files, and return the answer."""
    choose(visitor.page, "Choose the first photo", first)
    choose(visitor.page, "Choose the second photo", second)
    visitor.button("Compare").click()
    return visitor.page.locator(".face-answers section")


def test_two_files_are_compared_and_the_threshold_explained(agreed: Visitor, photos: Path) -> None:
    page = agreed.page
    answer = compare(agreed, photos / "ada-0.jpg", photos / "ada-1.jpg")
    expect(answer.get_by_role("heading", name=SAME)).to_be_visible()
    expect(answer).to_contain_text(
        re.compile(r"1 in 100 pairs of strangers would pass, and \d+ in 100 pairs of the same")
    )
    expect(page.locator(".photo-frame .face-marks rect")).to_have_count(2)
    expect(page.locator(".photo-frame .face-marks circle")).to_have_count(10)
    expect(answer.get_by_role("img", name="Face 1")).to_have_count(2)
    answer.get_by_text("What would another threshold do?").click()
    slider = answer.get_by_label("Another threshold")
    slider.focus()
    page.keyboard.press("Home")
    expect(answer).to_contain_text("Threshold 0.200.")
    expect(answer.get_by_text("These two photos would pass.")).to_be_visible()
    expect(answer).to_contain_text("100 in 100 pairs of strangers would pass")
    page.keyboard.press("End")
    expect(answer).to_contain_text("Threshold 0.900.")
    expect(answer.get_by_text("These two photos would be refused.")).to_be_visible()
    answer = compare(agreed, photos / "ben-0.jpg", photos / "cleo-0.jpg")
    expect(answer.get_by_role("heading", name=OTHER)).to_be_visible()


def test_of_several_faces_the_visitor_chooses(agreed: Visitor, photos: Path) -> None:
    answer = compare(agreed, photos / "crowd.jpg", photos / "ben-0.jpg")
    faces = answer.get_by_role("group", name=re.compile("First photo")).get_by_role("radio")
    expect(faces).to_have_count(2)
    seen = set()
    for place in range(2):
        faces.nth(place).check()
        expect(agreed.page.locator("[data-name=image_a] .is-chosen")).to_have_attribute("data-face", str(place))
        seen.add(answer.get_by_role("heading").first.inner_text())
    assert seen == {SAME, OTHER}
    agreed.page.locator("[data-name=image_a] .face-marks rect").first.click()
    expect(faces.first).to_be_checked()


def test_what_cannot_be_compared_is_said_in_words(agreed: Visitor, photos: Path) -> None:
    agreed.button("Compare").click()
    expect(agreed.page.get_by_role("alert")).to_have_text("Choose a photo for each place first.")
    answer = compare(agreed, photos / "ada-0.jpg", photos / "landscape.jpg")
    expect(answer).to_contain_text("No face was found in the second photo. Try one that is upright")
    text = photos / "text.jpg"
    text.write_text("I am no photo")
    choose(agreed.page, "Choose the first photo", text)
    agreed.button("Compare").click()
    expect(agreed.page.get_by_role("alert").first).to_contain_text("First photo: This is not a JPEG")


def test_a_rate_that_is_not_measurable_cannot_be_chosen(agreed: Visitor) -> None:
    strict = agreed.page.get_by_role("radio", name=re.compile("1 in 10,000"))
    expect(strict).to_be_disabled()
    expect(agreed.page.get_by_text("not measurable here")).to_be_visible()


def test_drawn_faces_are_offered_to_those_without_a_photo(agreed: Visitor) -> None:
    for purpose in ("the first photo", "the second photo"):
        slot = agreed.page.locator("photo-slot").filter(has_text=purpose)
        slot.get_by_text("Or try a drawn face").click()
        slot.get_by_role("button", name=f"Drawn face 1 as {purpose}").click()
    agreed.button("Compare").click()
    expect(agreed.page.get_by_role("heading", name=SAME)).to_be_visible()


def test_a_gallery_names_those_it_knows_and_nobody_else(agreed: Visitor, photos: Path) -> None:
    page = agreed.page
    page.get_by_role("link", name="Gallery").click()
    agreed.button("Keep a gallery").click()
    page.get_by_label("Add a person").fill("Ben")
    agreed.button("Add").click()
    page.get_by_label("Add a person").fill("Ben")
    agreed.button("Add").click()
    again = page.get_by_label("Add a person")
    expect(again).to_have_accessible_description("There is a person “Ben” already.")
    expect(again).to_be_focused()
    choose(page, "Photos of Ben", photos / "ben-0.jpg", photos / "ben-1.jpg", photos / "landscape.jpg")
    expect(page.get_by_role("list", name="Faces of Ben").get_by_role("img")).to_have_count(2)
    expect(page.locator("#enrolments")).to_contain_text("2 faces are kept.")
    expect(page.locator("#enrolments")).to_contain_text("No face was found.")
    choose(page, "Photos of Ben", photos / "ben-0.jpg", photos / "cleo-0.jpg")
    held = page.locator("#enrolments > section").first
    expect(held).to_contain_text("2 photos of Ben are not kept yet")
    expect(held).to_contain_text("This photo is there already.")
    expect(held).to_contain_text("This face is unlike the others of this person")
    assert flaws(page, "enrolling") == []
    held.get_by_role("button", name="Keep it all the same").first.click()
    expect(held).to_contain_text("1 face is kept.")
    expect(held).to_contain_text("One photo of Ben is not kept yet")
    expect(page.get_by_role("list", name="Faces of Ben").get_by_role("img")).to_have_count(3)
    for file, who in (("ben-2.jpg", "Ben"), ("cleo-0.jpg", "Nobody you know")):
        choose(page, "Choose the photo to be recognised", photos / file)
        agreed.button("Who is this?").click()
        expect(page.locator("face-answer .verdict-class")).to_have_text(who)
    page.get_by_role("button", name="Erase Ben").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Ben", exact=True)).to_have_count(0)


def test_withdrawing_erases_everything_and_asks_anew(agreed: Visitor, photos: Path) -> None:
    page = agreed.page
    expect(
        compare(agreed, photos / "ada-0.jpg", photos / "ada-1.jpg").get_by_role("heading", name=SAME)
    ).to_be_visible()
    question = page.locator(".face-answers section").get_attribute("id")
    page.get_by_role("link", name="Your consent").click()
    page.get_by_role("button", name="Withdraw and erase everything").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is erased, and your consent withdrawn")).to_be_visible()
    answer = page.goto(f"/faces/questions/{(question or '').removeprefix('question-')}/")
    assert answer
    assert answer.status == 403
    expect(agreed.button("I agree")).to_be_visible()


def test_the_pages_fit_and_read_well_in_light_and_dark(agreed: Visitor, photos: Path) -> None:
    page, found = agreed.page, []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            for address in ("/faces/", "/faces/gallery/", "/faces/verify/"):
                page.goto(address)
                found += [f"{scheme} {width} {address}: {each}" for each in problems(page)]
            answer = compare(agreed, photos / "crowd.jpg", photos / "ben-0.jpg")
            answer.get_by_text("What would another threshold do?").click()
            found += [f"{scheme} {width} an answer: {each}" for each in problems(page)]
    assert not found


@pytest.fixture
def filmed(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Page]:
    """Open the site in a browser whose camera films a drawn face."""
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(encoded(drawn("ada", 2, 480), "JPEG") * 2)
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags = [*CHROMIUM_FLAGS, *camera, f"--use-file-for-fake-video-capture={film}"]
    filming = browser.browser_type.launch(executable_path=need("requires_chromium"), args=flags)
    context = filming.new_context(base_url=stack.url, viewport={"width": 390, "height": 800}, permissions=["camera"])
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    yield opened
    filming.close()


def test_a_photo_from_the_camera_is_compared_with_a_file(filmed: Page, photos: Path) -> None:
    filmed.goto("/faces/verify/")
    filmed.get_by_role("button", name="I agree").click()
    filmed.get_by_role("button", name="Camera the first photo").click()
    filmed.get_by_role("button", name="Hold to capture").click()
    filmed.get_by_role("button", name="Use these").click()
    choose(filmed, "Choose the second photo", photos / "ada-0.jpg")
    filmed.get_by_role("button", name="Compare", exact=True).click()
    expect(filmed.get_by_role("heading", name=SAME)).to_be_visible(timeout=30_000)
    expect(filmed.locator("[data-name=image_a] .face-marks rect")).to_have_count(1)
