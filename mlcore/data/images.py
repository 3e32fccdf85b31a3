"""Turn pictures into tensors: the one place where it is done, for training and for serving alike.

A *transform* has a name, which a checkpoint's card repeats, and maps uint8 pictures to the float32 tensors that a
backbone takes. Data sets hand it whole stacks, a worker one uploaded picture; the answer for a picture is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from mlcore.config import PLAIN, SHAPES, Shape, shape_of
from mlcore.data.reading import read
from mlcore.errors import ConfigError

CHANNELS = {"L": 1, "RGB": 3}  # of Pillow's modes
PHOTO_SIZE = 448  # side of a photo, px
INK_SIZE = 56  # side of a canonical drawing, px
INK_MARGIN = 6  # paper left around the ink on each side, px
_WORK_SIZE = 112  # longest side that ink is looked for at, px
_CHUNK = 256  # pictures cleaned at once, so that a whole data set fits in memory


@dataclass(frozen=True)
class Transform:
    """One way from pixels to a backbone's input.

    ``mode`` is Pillow's (``L`` grey, ``RGB``); ``load_side`` bounds the longest side of what is decoded, in pixels;
    ``apply`` maps (n, C, H, W) uint8 to (n, C, size, size) float32, all between ``low`` and ``high``.
    """

    name: str
    mode: str
    load_side: int
    size: int
    apply: Callable[[Tensor], Tensor]
    low: float = 0.0
    high: float = 1.0


def characters(images: Tensor) -> Tensor:
    """Find the ink and put it in the middle: (n, 1, H, W) uint8 grey -> (n, 1, 56, 56) float32, 0 paper to 1 ink.

    Uneven light, dark or light paper, ruled lines, noise, the drawing's place and its size are taken out, so that a
    scan, a canvas and a phone photo of one character look alike. A picture without ink comes out as zeros.
    """
    return torch.cat([_canonical_ink(chunk) for chunk in images.split(_CHUNK)])


def _canonical_ink(images: Tensor) -> Tensor:
    grey = functional.interpolate(images.float() / 255, size=_work_size(images), mode="bilinear", antialias=True)
    ink = _erase_ruled_lines(_binarise(_ink_density(grey)))
    return _centre(ink)


def _work_size(images: Tensor) -> tuple[int, int]:
    height, width = images.shape[-2:]
    scale = _WORK_SIZE / max(height, width)
    return max(round(height * scale), 8), max(round(width * scale), 8)


def _ink_density(grey: Tensor) -> Tensor:
    """Return the contrast against the paper, whichever of the two is darker: (n, 1, h, w) in 0..1, ink positive."""
    paper = _paper(grey)
    difference = paper - grey
    is_dark_ink = (difference**3).mean((1, 2, 3), keepdim=True) >= 0
    room = torch.where(is_dark_ink, paper, 1 - paper).clamp(min=0.25)
    return (torch.where(is_dark_ink, difference, -difference) / room).clamp(0, 1)


def _paper(grey: Tensor) -> Tensor:
    """Fit the paper's brightness by a smooth surface that sparse ink does not pull (reweighted least squares)."""
    coarse = functional.adaptive_avg_pool2d(grey, 28)
    values = coarse.flatten(1).unsqueeze(-1)
    basis = _quadratic(28, 28).to(grey)
    surface = values.median(dim=1, keepdim=True).values.expand_as(values)
    for scale in (0.3, 0.15, 0.08, 0.06, 0.06):
        weighted = basis / (1 + ((values - surface) / scale) ** 2) ** 2
        gram = weighted.transpose(1, 2) @ basis + 1e-3 * torch.eye(6).to(grey)
        coefficients = torch.linalg.solve(gram, weighted.transpose(1, 2) @ values)
        surface = basis @ coefficients
    fitted: Tensor = _quadratic(*grey.shape[-2:]).to(grey) @ coefficients
    return fitted.reshape(grey.shape)


def _quadratic(height: int, width: int) -> Tensor:
    """Return the monomials up to degree two at the pixel centres of the square -1..1: (height * width, 6)."""
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / height * 2 - 1, (torch.arange(width) + 0.5) / width * 2 - 1, indexing="ij"
    )
    return torch.stack([torch.ones_like(x), x, y, x * y, x * x, y * y], -1).reshape(-1, 6)


def _binarise(density: Tensor) -> Tensor:
    """Sharpen to ink or paper by Otsu's threshold of each picture, leaving soft edges; specks vanish."""
    smooth = functional.avg_pool2d(functional.pad(density, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    smooth = 0.5 * (smooth + density)
    threshold = _otsu(smooth).clamp(min=0.12)
    ink = ((smooth - threshold) / (0.5 * threshold) + 0.5).clamp(0, 1)
    crowd = functional.avg_pool2d(ink, 9, stride=1, padding=4)
    crowded = ink * (crowd > 6 / 81)
    return torch.where(crowded.sum((1, 2, 3), keepdim=True) > 0, crowded, ink)


def _otsu(values: Tensor, bins: int = 64) -> Tensor:
    """Split each picture's values in two classes of least inner variance (Otsu, 1979): (n, 1, h, w) -> (n, 1, 1, 1)."""
    index = (values.flatten(1) * bins).long().clamp(0, bins - 1)
    histogram = torch.zeros(len(values), bins, dtype=values.dtype, device=values.device)
    histogram.scatter_add_(1, index, torch.ones_like(index, dtype=values.dtype))
    histogram /= histogram.sum(1, keepdim=True)
    centres = (torch.arange(bins).to(values) + 0.5) / bins
    below = histogram.cumsum(1)
    mean_below = (histogram * centres).cumsum(1)
    mean = mean_below[:, -1:]
    between = (mean * below - mean_below) ** 2 / (below * (1 - below)).clamp(min=1e-6)
    return ((between.argmax(1) + 1) / bins).reshape(-1, 1, 1, 1)


def _erase_ruled_lines(ink: Tensor) -> Tensor:
    """Take away nearly horizontal lines that cross the whole picture, unless nothing else would remain.

    Ink that runs through a line from above to below stays.
    """
    width = ink.shape[-1]
    span = width // 4 | 1
    thick = functional.max_pool2d(ink, (3, 1), stride=1, padding=(1, 0))
    core = -functional.max_pool2d(-thick, (1, span), stride=1, padding=(0, span // 2))
    runs = functional.max_pool2d(core, (1, span), stride=1, padding=(0, span // 2)) > 0.5
    coverage = functional.max_pool2d(runs.float(), (5, 1), stride=1, padding=(2, 0)).mean(-1, keepdim=True)
    lines = runs & (coverage > 0.9)
    if not lines.any():
        return ink
    upper = functional.pad(ink, (0, 0, 4, 0))[..., : ink.shape[-2], :]
    lower = functional.pad(ink, (0, 0, 0, 4))[..., 4:, :]
    crossed = torch.minimum(*(functional.max_pool2d(side, 3, stride=1, padding=1) for side in (upper, lower))) > 0.5
    cleaned = torch.where(lines & ~crossed, 0.0, ink)
    remains = cleaned.sum((1, 2, 3), keepdim=True) > 0.15 * ink.sum((1, 2, 3), keepdim=True)
    return torch.where(remains, cleaned, ink)


def _centre(ink: Tensor) -> Tensor:
    """Cut the ink's bounding box out, keep its proportions, and draw it INK_MARGIN away from the edge."""
    left, right = _extent(ink.amax(2).squeeze(1))
    top, bottom = _extent(ink.amax(3).squeeze(1))
    height, width = ink.shape[-2:]
    side = torch.maximum(right - left, bottom - top).clamp(min=8.0)
    half = side / 2 * INK_SIZE / (INK_SIZE - 2 * INK_MARGIN)
    theta = torch.zeros(len(ink), 2, 3).to(ink)
    theta[:, 0, 0], theta[:, 1, 1] = 2 * half / width, 2 * half / height
    theta[:, 0, 2], theta[:, 1, 2] = (left + right) / width - 1, (top + bottom) / height - 1
    fine = functional.affine_grid(theta, [len(ink), 1, 2 * INK_SIZE, 2 * INK_SIZE], align_corners=False)
    return functional.avg_pool2d(functional.grid_sample(ink, fine, align_corners=False), 2)


def _extent(profile: Tensor) -> tuple[Tensor, Tensor]:
    """Find the first and last edge of the ink in each row of (n, length), in pixels; the whole length without any."""
    inked = profile > 0.5
    length = profile.shape[1]
    first = inked.int().argmax(1)
    last = length - inked.flip(1).int().argmax(1)
    return first.to(profile), last.to(profile)


def photos(images: Tensor) -> Tensor:
    """Fit the whole photo into a square, as EfficientNet-Lite takes it: (n, 3, H, W) uint8 -> (n, 3, 448, 448) float32.

    Values are (pixel - 127) / 128. Nothing is cut off: what a person shows may touch the edge.
    """
    return torch.cat([_squeeze(chunk) for chunk in images.split(_CHUNK)])


def _squeeze(images: Tensor) -> Tensor:
    size = (PHOTO_SIZE, PHOTO_SIZE)
    return (functional.interpolate(images.float(), size=size, mode="bilinear", antialias=True) - 127) / 128


TRANSFORMS: dict[str, Transform] = {
    "characters": Transform(name="characters", mode="L", load_side=448, size=INK_SIZE, apply=characters),
    "photos": Transform(
        name="photos", mode="RGB", load_side=PHOTO_SIZE, size=PHOTO_SIZE, apply=photos, low=-127 / 128, high=1.0
    ),
}
"""The transforms that have a function of their own, those that were registered among them."""


def find_transform(name: str) -> Transform:
    """Look a transform up; raise ConfigError naming the ones there are, and what to do about one's own."""
    if plain := PLAIN.fullmatch(name):
        return plain_transform(side=int(plain["side"]), channels=int(plain["channels"]))
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    raise ConfigError(
        f"transform {name!r} is not known here; there are {', '.join(TRANSFORMS)} and plain-SIDExCHANNELS, such as "
        "plain-84x3 (up to 1024 px); one of your own is known once the module is imported that calls "
        "register_transform with it"
    )


def register_transform(transform: Transform, *, backbone: str = "conv4") -> None:
    """Make a transform of one's own known: for training, and wherever a checkpoint is loaded whose card names it.

    backbone: what learns from such pictures unless another is chosen. Raise ConfigError for a name that is taken, or
    for a mode that no data set has.
    """
    if transform.mode not in CHANNELS:
        raise ConfigError(
            f"transform {transform.name!r} has mode {transform.mode!r}; it must be {' or '.join(CHANNELS)}"
        )
    if shape_of(transform.name) is not None and TRANSFORMS.get(transform.name) != transform:
        raise ConfigError(f"there is a transform {transform.name!r} already; register yours by another name")
    TRANSFORMS[transform.name] = transform
    SHAPES[transform.name] = Shape(channels=CHANNELS[transform.mode], side=transform.size, backbone=backbone)


def plain_transform(*, side: int, channels: int) -> Transform:
    """Return the transform that papers have: whole pictures squeezed into squares, with values 0 to 1.

    Three channels are red, green and blue. One is grey turned over, so that dark ink on light paper is 1 on 0, as
    Omniglot is taken in Vinyals et al., "Matching Networks for One Shot Learning" (NIPS 2016) and after.
    """

    def apply(images: Tensor) -> Tensor:
        values = resized(images, side).float() / 255
        return 1 - values if channels == 1 else values

    name, mode = f"plain-{side}x{channels}", "L" if channels == 1 else "RGB"
    return Transform(name=name, mode=mode, load_side=4 * side, size=side, apply=apply)


def resized(images: Tensor, side: int) -> Tensor:
    """Squeeze pictures into squares, a few at a time: (n, C, H, W) uint8 -> (n, C, side, side) uint8."""
    parts = [
        functional.interpolate(part.float(), (side, side), mode="bilinear", antialias=True)
        for part in images.split(256)
    ]
    return torch.cat([part.round().clamp(0, 255).to(torch.uint8) for part in parts])


def to_mode(images: Tensor, mode: str) -> Tensor:
    """Make pictures (n, C, H, W) uint8 grey (`L`, by Pillow's weights) or coloured (`RGB`), if they are not yet."""
    if images.shape[1] == CHANNELS[mode]:
        return images
    if mode == "RGB":
        return images.expand(-1, 3, -1, -1)
    return torch.cat([_grey(chunk) for chunk in images.split(_CHUNK)])


def _grey(images: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True).round().to(torch.uint8)


def image_to_tensor(data: bytes, transform: str) -> Tensor:
    """Decode one picture file and transform it: bytes -> (C, size, size) float32.

    Raise ImageError if the bytes are no picture or a blank one, ConfigError if the transform is unknown. Of a picture
    that is not blank a transform may leave nothing all the same: ask `is_empty`.
    """
    steps = find_transform(transform)
    pixels = decode(data, mode=steps.mode, load_side=steps.load_side)
    return steps.apply(pixels.unsqueeze(0))[0]


def is_empty(images: Tensor) -> Tensor:
    """Tell which transformed pictures hold one value alone, as drawings without ink do: (n, C, H, W) -> (n,) bool."""
    low, high = images.flatten(1).aminmax(dim=1)
    return low == high


def decode(data: bytes, *, mode: str, load_side: int) -> Tensor:
    """Read a picture file upright, its longest side at most about `load_side` px: bytes -> (C, H, W) uint8.

    Raise ImageError if the bytes are no picture, or a blank one.
    """
    picture = _open(data, mode=mode, load_side=load_side)
    picture.thumbnail((load_side, load_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return _pixels(picture)


def decode_square(data: bytes, *, mode: str, side: int) -> Tensor:
    """Read a whole picture file into a square, as data sets hold it: bytes -> (C, side, side) uint8.

    Like `photos`, it cuts nothing off and gives up proportions instead. Raise ImageError as `decode` does.
    """
    picture = _open(data, mode=mode, load_side=side)
    return _pixels(picture.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0))


def _open(data: bytes, *, mode: str, load_side: int) -> Image.Image:
    """Read a picture in a mode; a JPEG is decoded small, yet with both sides at least `load_side` px."""
    return read(data, draft=lambda _size: (load_side, load_side)).picture.convert(mode)


def _pixels(picture: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(picture))
    return pixels.unsqueeze(0) if picture.mode == "L" else pixels.permute(2, 0, 1)
