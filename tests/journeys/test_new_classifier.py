"""A classifier of one's own: pictures from everywhere, learn, ask, correct, learn again."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.looks import flaws
from tests.journeys.visitor import Visitor, query, signs
from tests.recognition.pictures import encoded, photo

pytestmark = pytest.mark.requires_chromium

FAKE_CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  canvas.width = 320; canvas.height = 240;
  const pen = canvas.getContext("2d");
  setInterval(() => { pen.fillStyle = `hsl(${Date.now() % 360} 80% 50%)`; pen.fillRect(0, 0, 320, 240);
    pen.clearRect(0, 0, 80, 80); }, 50);
  return canvas.captureStream(10);
};
"""


def test_uploads_learn_classify_correct_and_learn_again(visitor: Visitor) -> None:
    visitor.teach("anchor", "snail")
    expect(visitor.page.get_by_label("Characters & drawings")).to_be_checked()
    visitor.learn()

    visitor.ask(query("snail"), query("anchor"))
    expect(visitor.answer(query("snail")).locator(".verdict-class")).to_have_text("Snail")
    expect(visitor.answer(query("anchor")).locator(".verdict-class")).to_have_text("Anchor")

    wrong = visitor.answer(query("snail"))
    wrong.get_by_text("Not right?").click()
    wrong.get_by_label("What it really is").select_option("Anchor")
    wrong.get_by_role("button", name="It is this").click()
    expect(wrong).to_contain_text("it now counts as Anchor")
    wrong.get_by_role("button", name="Learn again").click()
    visitor.wait_until_learned()
    expect(visitor.page.locator(".facts")).to_contain_text("7 pictures")
    visitor.page.get_by_role("link", name="Its pictures").click()
    expect(visitor.card("Anchor").locator(".picture")).to_have_count(4)


def test_a_picture_that_fits_three_classes_alike_is_not_sure(visitor: Visitor) -> None:
    visitor.start()
    for name in ("One", "Other", "Third"):
        visitor.add_class(name)
        visitor.upload(name, signs("anchor"))
        expect(visitor.card(name).locator(".picture")).to_have_count(3)
    expect(visitor.card("Other").locator(".refusal-warning").first).to_contain_text(
        "A picture of two classes confuses both."
    )
    visitor.learn()
    visitor.ask(query("anchor"))
    expect(visitor.results.locator(".verdict-class")).to_have_text("Not sure")
    expect(visitor.results).to_contain_text("Closest is")


def test_pictures_come_by_drop_paste_and_drawing(visitor: Visitor) -> None:
    visitor.start()
    card = visitor.add_class("Kite")
    visitor.drop(card.locator("class-card"), signs("kite")[:2])
    expect(card.locator(".picture")).to_have_count(2)
    visitor.paste(signs("kite")[2:])
    expect(card.locator(".picture")).to_have_count(3)

    visitor.button("Draw for Kite").click()
    board = visitor.page.get_by_label("Drawing board").bounding_box()
    assert board
    visitor.page.mouse.move(board["x"] + 60, board["y"] + 60)
    visitor.page.mouse.down()
    visitor.page.mouse.move(board["x"] + 160, board["y"] + 200, steps=8)
    visitor.page.mouse.up()
    visitor.button("Add and close").click()
    expect(card.locator(".picture")).to_have_count(4)
    expect(card.locator(".count")).to_contain_text("4 pictures")


def test_holding_the_shutter_takes_several_pictures(visitor: Visitor) -> None:
    visitor.page.add_init_script(FAKE_CAMERA)
    visitor.start()
    card = visitor.add_class("Colour")
    visitor.button("Camera for Colour").click()
    shutter = visitor.button("Hold to capture")
    expect(shutter).to_be_enabled()
    expect(visitor.page.get_by_label("Which camera")).to_contain_text("Front camera")
    shutter.hover()
    visitor.page.mouse.down()
    expect(visitor.page.locator(".roll img")).not_to_have_count(1)
    expect(visitor.page.locator(".roll img").nth(2)).to_be_attached()
    visitor.page.mouse.up()
    visitor.button("Use these").click()
    expect(shutter).not_to_be_visible()
    taken = visitor.page.locator(".roll img").count()
    assert taken >= 3
    expect(card.locator(".picture")).to_have_count(taken)


def test_a_refused_file_says_why_and_the_others_go_on(visitor: Visitor, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("words, no picture")
    visitor.start()
    card = visitor.add_class("Wave")
    visitor.upload("Wave", [notes, *signs("wave")])
    expect(card.locator(".picture")).to_have_count(3)
    expect(card.locator(".refusal")).to_have_count(1)
    expect(card.locator(".refusal")).to_contain_text("notes.jpg")
    expect(card.locator(".refusal")).to_contain_text("not a JPEG, PNG, WebP, HEIC")
    card.get_by_role("button", name="Dismiss").click()
    expect(card.locator(".refusal")).to_have_count(0)


def test_of_a_folder_the_pictures_are_taken_by_type_or_suffix(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words, no picture")
    (tmp_path / "WAVE.HEIC").write_bytes(encoded(photo(), "HEIF"))
    shutil.copy(signs("wave")[0], tmp_path)
    visitor.start()
    card = visitor.add_class("Wave")
    card.locator('input[data-input="folder"]').set_input_files(tmp_path)
    expect(card.locator(".picture")).to_have_count(2)
    expect(card.locator(".refusal")).to_have_count(0)


def test_a_large_photo_is_shrunk_before_it_is_sent(visitor: Visitor, tmp_path: Path) -> None:
    from PIL import Image

    large = tmp_path / "large.jpg"
    Image.effect_noise((3000, 1000), 60).convert("RGB").save(large, quality=95)
    visitor.start()
    visitor.add_class("Large")
    with visitor.page.expect_request("**/images/") as sent:
        visitor.upload("Large", [large])
    assert int(sent.value.all_headers()["content-length"]) < large.stat().st_size / 2
    expect(visitor.card("Large").locator(".picture")).to_have_count(1)


def test_a_zip_of_class_folders_is_imported(visitor: Visitor, tmp_path: Path) -> None:
    archive = tmp_path / "signs.zip"
    with zipfile.ZipFile(archive, "w") as into:
        for subject in ("gate", "wave"):
            for file in signs(subject):
                into.write(file, f"{subject}\u200b/{file.name}")
        into.writestr("wave/readme.txt", "no picture")
    visitor.start()
    visitor.page.get_by_label("Import a zip").set_input_files(archive)
    expect(visitor.page.get_by_text("This zip makes 2 classes.")).to_be_visible()
    assert flaws(visitor.page, "zip-classes") == []
    visitor.button("Do not import").click()
    expect(visitor.page.get_by_text("This zip makes")).to_have_count(0)
    expect(visitor.card("gate")).to_have_count(0)
    visitor.page.get_by_label("Import a zip").set_input_files([])
    visitor.page.get_by_label("Import a zip").set_input_files(archive)
    visitor.button("Import them").click()
    expect(visitor.page.get_by_text("6 pictures were added.")).to_be_visible(timeout=60_000)
    expect(visitor.card("gate").locator(".picture")).to_have_count(3)
    expect(visitor.card("wave").locator(".picture")).to_have_count(3)
    expect(visitor.button("Learn")).to_be_enabled()


def test_it_says_what_is_still_missing(visitor: Visitor) -> None:
    visitor.start()
    missing = visitor.page.locator(".missing")
    expect(missing).to_contain_text("Add two or more classes.")
    visitor.add_class("Fork")
    expect(missing).to_contain_text("Add a second class")
    visitor.add_class("Gate")
    visitor.upload("Gate", signs("gate"))
    expect(missing).to_have_text("Add a picture to “Fork”, or delete the class.")
    expect(visitor.button("Learn")).to_be_disabled()
    visitor.upload("Fork", signs("fork"))
    expect(missing).to_have_text("6 pictures, ready to learn from.")
    expect(visitor.button("Learn")).to_be_enabled()
