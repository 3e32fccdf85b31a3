"""A photographer's studio: curved surfaces under a warm lamp, splatted as points onto a sheet of coloured paper."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.floating[Any]]

SIZE = 320
SIDE = 512  # the canvas that points are splatted on, before it is scaled down
CAMERA_TILT = math.radians(32)
VIEW = np.array([0, -math.cos(CAMERA_TILT), math.sin(CAMERA_TILT)], np.float32)
LIGHT = np.array([-0.50, -0.42, 0.76], np.float32)
PAPERS = ((236, 228, 214), (214, 226, 226), (233, 220, 220), (222, 226, 211), (221, 220, 232), (240, 237, 231))


@dataclass(frozen=True)
class Surface:
    """Points and colours on a grid (rows, columns) that closes along its columns."""

    points: Array  # (rows, columns, 3)
    colours: Array  # (rows, columns, 3) in 0..1
    gloss: float = 0.3


def turn(axis: str, angle: float) -> Array:
    """Return the matrix that turns by an angle about the x or z axis."""
    cosine, sine = math.cos(angle), math.sin(angle)
    if axis == "z":
        return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float32)
    return np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]], np.float32)


def photograph(surfaces: list[Surface], chance: np.random.Generator) -> Image.Image:
    """Take one picture of surfaces that stand on the floor, on paper of a colour left to chance."""
    side = SIDE
    paper = np.array(PAPERS[int(chance.integers(len(PAPERS)))], np.float32) / 255
    light = LIGHT @ turn("z", chance.uniform(-0.5, 0.5)).T
    centre = np.concatenate([surface.points.reshape(-1, 3) for surface in surfaces])
    middle = (centre.min(0) + centre.max(0)) / 2 + np.append(chance.normal(0, 0.06, 2), 0).astype(np.float32)
    canvas = _lit_paper(side, paper, chance)
    canvas *= _shadow(surfaces, middle, light, side)
    depth = np.full(side * side, -np.inf, np.float32)
    pixels, covered = canvas.reshape(-1, 3), np.zeros(side * side, bool)
    for surface in surfaces:
        _splat(surface, middle, light, pixels, depth, covered, paper)
    picture = Image.fromarray((np.clip(_mended(canvas, covered.reshape(side, side)), 0, 1) * 255).astype(np.uint8))
    picture = picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(1.2, 40, 2))
    grain = chance.normal(0, 2.2, (SIZE, SIZE, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def _to_pixels(points: Array, middle: Array, side: int) -> tuple[NDArray[np.int64], Array]:
    """Project points (n, 3) on the picture; return flat pixel indices and nearness to the camera."""
    offset = points - middle
    zoom = side * 0.34
    x = side / 2 + zoom * offset[:, 0]
    y = side / 2 - zoom * (offset[:, 2] * math.cos(CAMERA_TILT) + offset[:, 1] * math.sin(CAMERA_TILT))
    nearness = offset[:, 2] * math.sin(CAMERA_TILT) - offset[:, 1] * math.cos(CAMERA_TILT)
    column, row = (np.clip(np.round(value), 0, side - 1).astype(np.int64) for value in (x, y))
    return row * side + column, nearness


def _splat(
    surface: Surface, middle: Array, light: Array, pixels: Array, depth: Array, covered: NDArray[np.bool_], paper: Array
) -> None:
    normals = _normals(surface.points)
    colours = _shaded(surface, normals, light, paper).reshape(-1, 3)
    index, nearness = _to_pixels(surface.points.reshape(-1, 3), middle, round(math.sqrt(len(depth))))
    order = np.argsort(nearness)
    order = order[(normals.reshape(-1, 3) @ VIEW)[order] > -0.05]  # else the far side shows through gaps between points
    order = order[nearness[order] > depth[index[order]]]
    pixels[index[order]] = colours[order]
    depth[index[order]] = nearness[order]
    covered[index[order]] = True


def _normals(points: Array) -> Array:
    around = np.roll(points, -1, 1) - np.roll(points, 1, 1)
    along = np.gradient(points, axis=0)
    normals = np.cross(along, around)
    outward = points - points.mean((0, 1))
    if float((normals * outward).sum()) < 0:
        normals = -normals
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    unit: Array = normals / np.maximum(length, 1e-9)
    return unit.astype(np.float32)


def _shaded(surface: Surface, normals: Array, light: Array, paper: Array) -> Array:
    lamp = np.clip((normals @ light + 0.18) / 1.18, 0, 1)[..., None]
    sky = 0.5 + 0.5 * normals[..., 2:]
    bounce = (0.5 - 0.5 * normals[..., 2:]) * paper
    halfway = (light + VIEW) / np.linalg.norm(light + VIEW)
    shine = np.clip(normals @ halfway, 0, 1)[..., None]
    rim = (1 - np.clip(normals @ VIEW, 0, 1))[..., None] ** 3
    warm, cool = np.array([1.0, 0.95, 0.86], np.float32), np.array([0.84, 0.92, 1.0], np.float32)
    body: Array = surface.colours * (0.84 * lamp * warm + 0.40 * sky * cool + 0.42 * bounce)
    glints: Array = surface.gloss * ((0.75 * shine**60 + 0.22 * shine**12) * warm + 0.10 * rim * cool)
    return body + glints


def _lit_paper(side: int, paper: Array, chance: np.random.Generator) -> Array:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    glow = np.exp(-((x - chance.uniform(0.2, 0.5)) ** 2 + (y - chance.uniform(0.1, 0.4)) ** 2) / 0.7)
    fibre = _fibres(side, chance) * 0.012
    lit: Array = paper * (0.80 + 0.22 * glow + fibre)[..., None]
    return lit.astype(np.float32)


def _shadow(surfaces: list[Surface], middle: Array, light: Array, side: int) -> Array:
    cast, touch = (np.zeros(side * side, np.float32) for _ in range(2))
    for surface in surfaces:
        points = surface.points[::2, ::2].reshape(-1, 3)
        for mask, slope in ((cast, light[:2] / light[2] * 0.8), (touch, np.zeros(2, np.float32))):
            ground = points.copy()
            ground[:, :2] -= ground[:, 2:] * slope
            low = ground[:, 2] < (0.6 if mask is touch else np.inf)
            ground[:, 2] = 0
            mask[_to_pixels(ground[low], middle, side)[0]] = 1
    soft, contact = (
        _blurred(mask.reshape(side, side), radius) for mask, radius in ((cast, side / 34), (touch, side / 50))
    )
    return (1 - 0.42 * soft - 0.30 * contact)[..., None] ** np.array([1.0, 0.97, 0.90], np.float32)


def _blurred(mask: Array, radius: float) -> Array:
    picture = Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(5))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def _mended(canvas: Array, covered: NDArray[np.bool_]) -> Array:
    """Fill pixels that no point fell on, though most of their neighbours were hit."""
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
    for _ in range(3):
        weights = sum(np.roll(covered, shift, (0, 1)).astype(np.float32) for shift in shifts)
        holes = ~covered & (weights >= 5)
        total = sum(np.roll(canvas * covered[..., None], shift, (0, 1)) for shift in shifts)
        canvas[holes] = (total / np.maximum(weights, 1)[..., None])[holes]
        covered |= holes
    return canvas


def _fibres(side: int, chance: np.random.Generator) -> Array:
    coarse = Image.fromarray(chance.uniform(-1, 1, (90, 90)).astype(np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
