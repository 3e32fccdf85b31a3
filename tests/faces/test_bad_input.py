"""Whatever is sent as a photo of a face gets an answer or a sentence, and nothing of it is kept.

With the real chain, on faces that are drawn.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageOps

from tests.faces.drawn import drawn, drawn_file, grainy_file
from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing, encoded, halves, photo
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces import services
from webapp.faces.answers import Comparison, Detection, answer_of
from webapp.faces.models import FaceQuestion
from webapp.faces.worker import answering
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.django_db(transaction=True)


def crowd(across: int, down: int, side: int = 160) -> Image.Image:
    """Draw many faces beside each other."""
    sheet = Image.new("RGB", (across * side, down * side))
    for place in range(across * down):
        face = drawn(("ada", "ben")[place % 2], place % 3, side)
        sheet.paste(face, (place % across * side, place // across * side))
    return sheet


def cat() -> Image.Image:
    """Draw a cat's head."""
    sheet = Image.new("RGB", (320, 320), (200, 200, 190))
    pen = ImageDraw.Draw(sheet)
    for ear in ([(70, 150), (85, 40), (150, 100)], [(250, 150), (235, 40), (170, 100)]):
        pen.polygon(ear, fill=(120, 100, 80))
    pen.ellipse((60, 80, 260, 270), fill=(120, 100, 80))
    for eye in (110, 210):
        pen.ellipse((eye - 20, 140, eye + 20, 175), fill=(150, 190, 60))
        pen.ellipse((eye - 5, 140, eye + 5, 175), fill=(0, 0, 0))
    pen.polygon([(150, 200), (170, 200), (160, 215)], fill=(220, 140, 140))
    return sheet


def turned(degrees: int) -> Image.Image:
    """Draw a face that stands on its head or lies on its side."""
    return drawn("ada").rotate(degrees)


def with_orientation(orientation: int) -> bytes:
    """Draw a face upside down, with the note of the camera that says so."""
    image = drawn("ada").rotate(180)
    exif = image.getexif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", exif=exif)


def half() -> Image.Image:
    """Draw half a face, cut off by the edge of the photo."""
    face = drawn("ada")
    return face.crop((0, 0, face.width // 2, face.height))


def asked_of(owner: Owner, data: bytes) -> FaceQuestion:
    """Ask where the photo shows faces, and whether it shows a certain person; return the second answer."""
    detected = services.detect(owner=owner, image=SimpleUploadedFile("photo", data))
    compared = services.verify(
        owner=owner,
        image_a=SimpleUploadedFile("photo", data),
        image_b=SimpleUploadedFile("face.jpg", drawn_file("ada", 1)),
    )
    for question in (detected, compared):
        answering.answer(str(question.pk))
        question.refresh_from_db()
    assert isinstance(answer_of(detected), Detection), detected.error
    return compared


FINE: dict[str, Callable[[], bytes]] = {
    "upside down": lambda: encoded(turned(180), "JPEG"),
    "on its side": lambda: encoded(turned(90), "JPEG"),
    "upside down, as its EXIF says": lambda: with_orientation(3),
    "grey": lambda: encoded(ImageOps.grayscale(drawn("ada")), "JPEG"),
    "of one bit": lambda: encoded(drawn("ada").convert("1"), "PNG"),
    "CMYK": lambda: encoded(drawn("ada").convert("CMYK"), "JPEG"),
    "with a palette": lambda: encoded(drawn("ada").quantize(64), "PNG"),
    "transparent": lambda: encoded(drawn("ada").convert("RGBA"), "PNG"),
    "HEIC": lambda: encoded(drawn("ada"), "HEIF"),
    "a GIF": lambda: encoded(drawn("ada").quantize(64), "GIF"),
    "of 25 megapixels": lambda: grainy_file("ada", 5000),
}
WITHOUT_A_FACE: dict[str, Callable[[], bytes]] = {
    "a landscape": lambda: encoded(photo(640, 480), "JPEG"),
    "a cat": lambda: encoded(cat(), "JPEG"),
    "a drawing": lambda: encoded(drawing(3)),
    "two pixels": lambda: encoded(halves("black", "white", size=(2, 1))),
    "a line": lambda: encoded(halves(0, 200, "L", (3000, 1))),
    "half a face": lambda: encoded(half(), "JPEG"),
}
UNUSABLE: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "text": lambda: b"I am a photo",
    "truncated": lambda: drawn_file("ada")[:2000],
    "an ICO": lambda: encoded(drawn("ada"), "ICO"),
    "all black": lambda: encoded(Image.new("RGB", (400, 300)), "JPEG"),
    "one pixel": lambda: encoded(Image.new("RGB", (1, 1), "white")),
    "of too many pixels": lambda: encoded(Image.new("1", (8000, 7000)), "PNG"),
}


@pytest.mark.parametrize("name", FINE)
def test_a_face_is_found_however_the_photo_comes(agreed: Owner, settings: Any, name: str) -> None:
    answer = answer_of(asked_of(agreed, FINE[name]()))
    assert isinstance(answer, Comparison)
    assert answer.same
    assert not stored_files(settings)


def test_ten_faces_are_ten_to_choose_from(agreed: Owner) -> None:
    answer = answer_of(asked_of(agreed, encoded(crowd(5, 2), "JPEG")))
    assert isinstance(answer, Comparison)
    assert len(answer.photos[0].faces) == len(answer.scores) == 10
    assert {len(row) for row in answer.scores} == {1}


def test_of_more_than_ten_faces_the_largest_are_compared(agreed: Owner) -> None:
    answer = answer_of(asked_of(agreed, encoded(crowd(6, 2), "JPEG")))
    assert isinstance(answer, Comparison)
    assert len(answer.photos[0].faces) == 10


@pytest.mark.parametrize("name", WITHOUT_A_FACE)
def test_a_photo_without_a_face_is_a_sentence(agreed: Owner, settings: Any, name: str) -> None:
    question = asked_of(agreed, WITHOUT_A_FACE[name]())
    assert (question.status, question.error_code) == (JobStatus.FAILED, "no_face")
    assert question.error.startswith("No face was found in the first photo. Try one")
    assert not stored_files(settings)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_is_no_photo_is_refused_before_anything_is_kept(agreed: Owner, settings: Any, name: str) -> None:
    with pytest.raises(UserError) as refused:
        asked_of(agreed, UNUSABLE[name]())
    assert refused.value.status in (413, 422)
    assert refused.value.message.startswith("The photo: ")
    assert not stored_files(settings)
    assert not FaceQuestion.objects.exists()


def test_a_small_dark_blurred_face_is_compared_with_advice(agreed: Owner) -> None:
    small = drawn("ada", side=400).resize((64, 64)).resize((72, 72)).point(lambda value: value // 5)
    sheet = Image.new("RGB", (300, 300), (10, 10, 10))
    sheet.paste(small, (100, 100))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    question = services.detect(owner=agreed, image=SimpleUploadedFile("photo.png", out.getvalue()))
    answering.answer(str(question.pk))
    question.refresh_from_db()
    answer = answer_of(question)
    assert isinstance(answer, Detection)
    [face] = answer.photos[0].faces
    assert "too_small" in face.notes
    assert any("come nearer" in sentence for sentence in face.advice)
