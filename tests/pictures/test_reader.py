"""Pictures of every sort come out as clean pixels, or are refused in a sentence."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from mlcore.data.picture_formats import FORMATS
from tests.recognition import pictures
from tests.recognition.pictures import BLUE, RED, encoded, halves, upload
from tests.refusals import refused
from webapp.core.errors import UserError
from webapp.pictures import reader


@pytest.fixture(autouse=True)
def _end_helper() -> Iterator[None]:
    yield
    reader.helper._end()


def pixels(picture: reader.Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.file)).convert("RGB")


def near(colour: object, expected: tuple[int, int, int], within: int = 12) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(a - b) <= within for a, b in zip(colour, expected, strict=True))


@pytest.mark.parametrize("kind", [entry.pillow for entry in FORMATS])
def test_each_type_is_read_by_content_and_not_by_name(kind: str) -> None:
    picture = reader.read_picture(upload(encoded(halves(RED, BLUE, size=(64, 48)), kind), "holiday.txt"))
    assert (picture.width, picture.height) == (64, 48)
    assert near(pixels(picture).getpixel((15, 20)), RED)


@pytest.mark.parametrize("kind", ["ICO", "TGA", "PCX"])
def test_other_types_are_refused_in_words(kind: str) -> None:
    with refused("unusable_picture", match="JPEG 2000 or PGM picture"):
        reader.read_picture(upload(encoded(Image.new("RGB", (8, 8)), kind), "picture.png"))


@pytest.mark.parametrize(
    "data", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBP", b"\0\0\0\x18ftypheic"]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with refused("unusable_picture"):
        reader.read_picture(upload(data))


def test_an_empty_file_is_refused() -> None:
    with refused("unusable_picture", match="empty"):
        reader.read_picture(upload(b""))


@pytest.mark.parametrize("kind", [entry.pillow for entry in FORMATS])
def test_a_truncated_file_is_refused(kind: str) -> None:
    whole = encoded(pictures.photo(400, 300), kind)
    with refused("unusable_picture", match="damaged or incomplete"):
        reader.read_picture(upload(whole[: len(whole) // 2]))


def test_a_file_over_the_limit_is_refused_unread(settings: object) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "picture_bytes": 2 * 2**20}  # type: ignore[attr-defined]
    with refused("too_large", match="larger than 2 MB"):
        reader.read_picture(upload(bytes(2 * 2**20 + 1)))


@pytest.mark.parametrize(("width", "height"), [(8000, 7000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_any_is_decoded(width: int, height: int) -> None:
    bomb = pictures.raw_png(width, height, depth=8, colour=0, rows=[bytes(10)])
    with pytest.raises(UserError) as caught:
        reader.read_picture(upload(bomb))
    assert "50 million pixels" in caught.value.message


def test_a_large_photo_is_shrunk() -> None:
    picture = reader.read_picture(upload(encoded(pictures.photo(3000, 2000), "PNG")))
    assert (picture.width, picture.height) == (1024, 683)
    assert max(Image.open(io.BytesIO(picture.thumbnail)).size) == 256


@pytest.mark.parametrize(
    ("side", "stored"), [(1000, 1000), (1100, 1024), (1600, 800), (2047, 1024), (2400, 1024), (4000, 1000)]
)
def test_a_large_jpeg_is_decoded_small(side: int, stored: int) -> None:
    picture = reader.read_picture(upload(encoded(pictures.photo(side, side // 2), "JPEG")))
    assert picture.width == stored
    assert picture.height == pytest.approx(stored / 2, abs=1)


def test_a_very_long_picture_keeps_a_pixel() -> None:
    picture = reader.read_picture(upload(encoded(halves(RED, BLUE, size=(9000, 2)))))
    assert (picture.width, picture.height) == (1024, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_exif_orientation_is_applied_and_then_gone(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera"
    picture = reader.read_picture(upload(encoded(halves(RED, BLUE), kind, exif=exif)))
    assert (picture.width, picture.height) == (20, 40)
    assert near(pixels(picture).getpixel((10, 5)), RED, within=40)
    for stored in (picture.file, picture.thumbnail):
        assert not Image.open(io.BytesIO(stored)).getexif()
        assert b"A camera" not in stored


def test_a_colour_profile_is_applied_and_then_gone() -> None:
    data = encoded(halves((20, 200, 40), BLUE, size=(64, 32)), icc_profile=pictures.swapped_profile())
    picture = reader.read_picture(upload(data))
    assert "icc_profile" not in Image.open(io.BytesIO(picture.file)).info
    assert near(pixels(picture).getpixel((16, 16)), (200, 20, 40), within=25)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_gives_its_first_frame_and_says_so(kind: str) -> None:
    frames = [halves(colour, BLUE, size=(64, 32)) for colour in (RED, (255, 255, 255), (0, 255, 0))]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    picture = reader.read_picture(upload(data))
    assert picture.is_animated
    assert near(pixels(picture).getpixel((16, 16)), RED)


def test_the_same_pixels_have_one_digest_whatever_the_file() -> None:
    image = pictures.photo()
    files = [encoded(image), encoded(image, compress_level=1), encoded(image, "WEBP", lossless=True)]
    assert len({reader.read_picture(upload(data)).pixel_digest for data in files}) == 1
    assert (
        reader.read_picture(pictures.photo_upload(7)).pixel_digest != reader.read_picture(upload(files[0])).pixel_digest
    )


def test_one_helper_serves_many_pictures_and_ends_when_idle(settings: object) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "decoder_idle_seconds": 0.4}  # type: ignore[attr-defined]
    reader.read_picture(pictures.photo_upload(1))
    first = reader.helper._process
    reader.read_picture(pictures.photo_upload(2))
    assert reader.helper._process is first
    assert first is not None
    until = time.monotonic() + 5
    while first.returncode is None and time.monotonic() < until:
        time.sleep(0.05)
    assert first.returncode is not None
    assert reader.read_picture(pictures.photo_upload(3)).width


def test_a_helper_that_is_killed_at_rest_is_replaced() -> None:
    reader.read_picture(pictures.photo_upload(1))
    assert reader.helper._process is not None
    os.kill(reader.helper._process.pid, signal.SIGKILL)
    reader.helper._process.wait()
    assert reader.read_picture(pictures.photo_upload(2)).width


def test_a_picture_that_takes_too_long_by_the_clock_is_to_be_sent_again_and_the_next_is_read(settings: object) -> None:
    reader.helper.warm()
    assert reader.helper._process is not None
    os.kill(reader.helper._process.pid, signal.SIGSTOP)
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "decode_wall_seconds": 0.2}  # type: ignore[attr-defined]
    costs: list[reader.Cost] = []
    with refused("too_busy", match="too busy to read this picture now. Try again in a minute") as caught:
        reader.read_picture(pictures.photo_upload(1), charge=costs.append)
    assert (caught.value.status, caught.value.details["retry_after"]) == (503, 60)
    assert sum(cost.seconds for cost in costs) < 0.2, "what it waited for is not its owner's"
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "decode_wall_seconds": 120}  # type: ignore[attr-defined]
    assert reader.read_picture(pictures.photo_upload(1)).width


def test_a_picture_that_takes_too_much_of_a_processor_is_refused_and_charged(settings: object) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "decode_seconds": 0.05}  # type: ignore[attr-defined]
    wall = upload(encoded(Image.effect_noise((3000, 3000), 50)))
    costs: list[reader.Cost] = []
    with refused("unusable_picture", match="could not be decoded"):
        reader.read_picture(wall, charge=costs.append)
    assert sum(cost.seconds for cost in costs) >= 0.05
    assert reader.read_picture(upload(encoded(halves(RED, BLUE)))).width


def test_helpers_give_way_by_ten_at_most() -> None:
    for by in (reader.helper, reader.large_helper):
        by.warm()
        assert by._process is not None
        by.decode(pictures.photo_upload(1), whose=None, most_pixels=10**6, charge=lambda cost: None)
        assert os.getpriority(os.PRIO_PROCESS, by._process.pid) <= max(10, os.getpriority(os.PRIO_PROCESS, 0))
        by._end()


def test_a_picture_that_needs_too_much_memory_is_refused_in_words(settings: object) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "decoder_bytes": 300 * 2**20}  # type: ignore[attr-defined]
    wall = encoded(Image.new("RGBA", (7000, 7000), (1, 2, 3, 128)), compress_level=1)
    with pytest.raises(UserError) as caught:
        reader.read_picture(SimpleUploadedFile("wall.png", wall))
    assert caught.value.message
    assert reader.read_picture(pictures.photo_upload(1)).width
