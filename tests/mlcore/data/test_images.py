"""Pictures to tensors: one drawing looks alike however it was brought."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from mlcore.config import SHAPES, Shape, shape_of
from mlcore.data.corruptions import CORRUPTIONS, several
from mlcore.data.images import (
    INK_MARGIN,
    INK_SIZE,
    TRANSFORMS,
    Transform,
    characters,
    decode,
    decode_square,
    find_transform,
    image_to_tensor,
    register_transform,
)
from mlcore.errors import ConfigError, ImageError

Corrupt = Callable[[Tensor, torch.Generator], Tensor]


def drawing(*, mode: str = "L", size: int = 105, paper: int = 255, ink: int = 0) -> Image.Image:
    picture = Image.new(mode, (size, size), paper if mode == "L" else (paper,) * 3)
    pen = ImageDraw.Draw(picture)
    fill = ink if mode == "L" else (ink,) * 3
    scale = size / 105
    pen.line([(x * scale, y * scale) for x, y in ((30, 25), (30, 80), (70, 80))], fill=fill, width=round(4 * scale))
    pen.ellipse([45 * scale, 25 * scale, 75 * scale, 55 * scale], outline=fill, width=round(4 * scale))
    return picture


def encode(picture: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def pixels(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture))[None, None]


def overlap(one: Tensor, other: Tensor) -> float:
    """Share of ink in common, after a pixel's tolerance each way."""
    grow = torch.nn.functional.max_pool2d
    found = (one > 0.5) & (grow(other, 3, 1, 1) > 0.5)
    back = (other > 0.5) & (grow(one, 3, 1, 1) > 0.5)
    return float((found.sum() + back.sum()) / ((one > 0.5).sum() + (other > 0.5).sum()))


def test_ink_is_one_on_paper_zero_and_fills_the_frame_to_its_margin() -> None:
    canonical = image_to_tensor(encode(drawing()), "characters")
    assert canonical.shape == (1, INK_SIZE, INK_SIZE)
    rows = (canonical[0] > 0.5).any(1).nonzero()
    assert canonical.min() == 0
    assert canonical.max() > 0.95
    assert abs(int(rows.min()) - INK_MARGIN) <= 1
    assert abs(int(rows.max()) - (INK_SIZE - 1 - INK_MARGIN)) <= 1


@pytest.mark.parametrize("name", [*CORRUPTIONS, "several"])
def test_a_corrupted_drawing_looks_like_the_clean_one(name: str) -> None:
    corrupt: Corrupt = several if name == "several" else CORRUPTIONS[name]
    clean = pixels(drawing()).expand(12, -1, -1, -1)
    if name in ("scaled", "shifted", "several"):  # keep all the ink on the paper
        clean = torch.nn.functional.interpolate(
            torch.nn.functional.pad(clean.float(), (30, 30, 30, 30), value=255.0), size=105, mode="area"
        ).to(torch.uint8)
    corrupted = corrupt(clean, torch.Generator().manual_seed(0))
    pairs = zip(characters(clean), characters(corrupted), strict=True)
    least = 0.8 if name in ("rotated", "several", "restroked") else 0.9
    assert sum(overlap(a, b) for a, b in pairs) / len(clean) > least


def test_a_picture_does_not_depend_on_its_neighbours() -> None:
    stack = torch.cat(
        [pixels(drawing()), 255 - pixels(drawing()), torch.full((1, 1, 105, 105), 200, dtype=torch.uint8)]
    )
    together = characters(stack)
    for place in range(len(stack)):
        torch.testing.assert_close(characters(stack[place : place + 1])[0], together[place], atol=1e-5, rtol=0)


def test_blank_paper_gives_no_ink_and_no_nan() -> None:
    for level in (0, 90, 255):
        blank = characters(torch.full((1, 1, 60, 40), level, dtype=torch.uint8))
        assert torch.equal(blank, torch.zeros(1, 1, INK_SIZE, INK_SIZE))


def test_a_single_bar_across_the_paper_is_not_mistaken_for_a_ruled_line() -> None:
    bar = torch.full((1, 1, 40, 120), 255, dtype=torch.uint8)
    bar[:, :, 18:22] = 0
    assert characters(bar).max() > 0.5


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "1", "LA", "I;16"])
def test_every_mode_of_picture_gives_the_same_ink(mode: str) -> None:
    picture = drawing(mode="RGB")
    converted = (
        drawing().convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else picture.convert(mode)
    )
    data = encode(converted, "TIFF" if mode in ("CMYK", "I;16") else "PNG")
    expected = image_to_tensor(encode(drawing()), "characters")
    assert overlap(image_to_tensor(data, "characters"), expected) > 0.95


def test_sixteen_bits_a_pixel_are_scaled_and_not_cut() -> None:
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16)
    data = encode(Image.fromarray(ramp * 257))
    assert np.array_equal(decode(data, mode="L", load_side=16)[0].numpy(), ramp)


def test_a_data_set_holds_the_whole_picture_as_a_square() -> None:
    wide = Image.new("RGB", (80, 40), "red")
    wide.paste((0, 0, 255), (60, 0, 80, 40))
    square = decode_square(encode(wide), mode="RGB", side=20)
    assert square.shape == (3, 20, 20)
    assert square[:, 10, [0, 12, 17, 19]].T.tolist() == [[255, 0, 0], [255, 0, 0], [0, 0, 255], [0, 0, 255]]


def test_transparent_paper_counts_as_white() -> None:
    layer = Image.new("RGBA", (105, 105), (0, 0, 0, 0))
    layer.paste((0, 0, 0, 255), mask=Image.eval(drawing(), lambda v: 255 - v))
    assert (
        overlap(image_to_tensor(encode(layer), "characters"), image_to_tensor(encode(drawing()), "characters")) > 0.95
    )


def test_a_turned_phone_photo_is_set_upright() -> None:
    turned = drawing(mode="RGB").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", exif=exif, quality=95)
    upright = image_to_tensor(encode(drawing()), "characters")
    assert overlap(image_to_tensor(buffer.getvalue(), "characters"), upright) > 0.95


def test_large_and_small_scans_agree() -> None:
    large = image_to_tensor(encode(drawing(size=1600), "JPEG"), "characters")
    assert overlap(large, image_to_tensor(encode(drawing()), "characters")) > 0.95


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, encode(drawing())[:200]])
def test_bytes_that_are_no_picture_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"not a .* picture|damaged or incomplete"):
        image_to_tensor(data, "characters")


def test_an_unknown_transform_names_the_known_ones_and_how_to_add_one() -> None:
    with pytest.raises(ConfigError, match=r"'smells' is not known here; there are characters, .* register_transform"):
        image_to_tensor(encode(drawing()), "smells")


def test_a_plain_transform_of_one_channel_is_ink_1_on_paper_0_resized() -> None:
    ink = torch.full((1, 1, 105, 105), 255, dtype=torch.uint8)
    ink[..., :, 60:] = 0
    omniglot = find_transform("plain-28x1").apply(ink)
    assert omniglot.shape == (1, 1, 28, 28)
    assert omniglot[..., :15].max() == 0
    assert omniglot[..., 17:].min() == 1
    assert find_transform("plain-105x1").apply(ink).equal(1 - ink.float() / 255)


def test_a_plain_transform_of_three_channels_is_the_whole_picture_from_0_to_1() -> None:
    picture = Image.new("RGB", (168, 84), (255, 51, 0))
    picture.paste((0, 255, 102), (84, 0, 168, 84))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    pixels = image_to_tensor(buffer.getvalue(), "plain-84x3")
    assert pixels.shape == (3, 84, 84)
    torch.testing.assert_close(pixels[..., :40].mean((1, 2)), torch.tensor([1.0, 0.2, 0.0]))
    torch.testing.assert_close(pixels[..., -40:].mean((1, 2)), torch.tensor([0.0, 1.0, 0.4]))
    same = torch.randint(0, 256, (2, 3, 84, 84), dtype=torch.uint8)
    assert find_transform("plain-84x3").apply(same).equal(same.float() / 255)


@pytest.mark.parametrize(
    "name", ["plain-0x3", "plain-84x2", "plain-084x3", "plain-84", "plain-84x3 ", "plain-1025x1", "plain-9999x3"]
)
def test_what_only_looks_like_a_plain_transform_is_refused(name: str) -> None:
    assert shape_of(name) is None
    assert shape_of("plain-1024x3") == Shape(channels=3, side=1024)
    with pytest.raises(ConfigError, match="not known here"):
        find_transform(name)


def test_a_transform_of_ones_own_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (TRANSFORMS, SHAPES):
        monkeypatch.delitem(registry, "dark", raising=False)  # which takes away afterwards what is registered here
    dark = Transform(name="dark", mode="RGB", load_side=64, size=32, apply=lambda images: images.float() / 510)
    register_transform(dark)
    register_transform(dark)
    assert find_transform("dark") is dark
    assert shape_of("dark") == Shape(channels=3, side=32)
    for name in ("dark", "plain-28x1", "photos"):
        with pytest.raises(ConfigError, match="already; register yours by another name"):
            register_transform(replace(dark, name=name, size=16))
    with pytest.raises(ConfigError, match="it must be L or RGB"):
        register_transform(replace(dark, name="cmyk", mode="CMYK"))
