"""Shape and colour fruit, each one a little different from the last."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tools.drawing.studio import Array, Surface, photograph, turn


@dataclass(frozen=True)
class Fruit:
    """How to build one fruit: its surfaces, and how it may lie."""

    build: Callable[[np.random.Generator], list[Surface]]
    tilt: tuple[float, float] = (0, 20)  # degrees away from upright
    turn: tuple[float, float] = (0, 360)  # degrees around the vertical
    size: float = 1.0


def render_fruit(name: str, seed: str) -> Image.Image:
    """Render one picture of a fruit as the seed has it lie."""
    chance = np.random.default_rng(zlib.crc32(f"{name}/{seed}".encode()))
    fruit = FRUITS[name]
    surfaces = fruit.build(chance)
    pose = _pose(fruit, chance)
    placed = [Surface(surface.points @ pose.T, surface.colours, surface.gloss) for surface in surfaces]
    floor = min(float(surface.points[..., 2].min()) for surface in placed)
    placed = [
        Surface(surface.points - np.array([0, 0, floor], np.float32), surface.colours, surface.gloss)
        for surface in placed
    ]
    return photograph(placed, chance)


def _pose(fruit: Fruit, chance: np.random.Generator) -> Array:
    spin = chance.uniform(0, 2 * math.pi)
    lean, around = math.radians(chance.uniform(*fruit.tilt)), math.radians(chance.uniform(*fruit.turn))
    scale = fruit.size * chance.uniform(0.86, 1.08)
    return (scale * turn("z", around) @ turn("x", lean) @ turn("z", spin)).astype(np.float32)


def _noise(u: Array, v: Array, around: int, along: int, chance: np.random.Generator) -> Array:
    """Return smooth noise on the grid that closes along u, with so many cells around and along."""
    coarse = chance.uniform(-1, 1, (along + 1, around)).astype(np.float32)
    coarse = np.concatenate([coarse, coarse[:, :2]], 1)
    picture = Image.fromarray(coarse)
    rows, columns = u.shape
    box = (0.5, 0, around + 0.5, along + 1)
    return np.asarray(picture.resize((columns, rows), Image.Resampling.BICUBIC, box=box))


def _specks(u: Array, count: int, radius: float, aspect: float, chance: np.random.Generator) -> Array:
    """Return 0..1 specks scattered over the grid; radius is a share of the rows."""
    rows, columns = u.shape
    mask = np.zeros((rows, columns), np.float32)
    reach = max(1, round(radius * rows))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    stamp = np.clip(1.3 - np.hypot(dy, dx * aspect) / reach, 0, 1).astype(np.float32)
    for _ in range(count):
        row = round(math.acos(1 - 2 * chance.uniform(0.02, 0.98)) / math.pi * (rows - 1))
        column = int(chance.integers(columns))
        ys = np.clip(np.arange(row - reach, row + reach + 1), 0, rows - 1)
        xs = np.arange(column - reach, column + reach + 1) % columns
        patch = mask[np.ix_(ys, xs)]
        mask[np.ix_(ys, xs)] = np.maximum(patch, stamp * chance.uniform(0.5, 1))
    return mask


def _mix(low: tuple[float, ...], high: tuple[float, ...], share: Array) -> Array:
    share = np.clip(share, 0, 1)[..., None]
    return (np.array(low, np.float32) * (1 - share) + np.array(high, np.float32) * share).astype(np.float32)


def _grid(rows: int = 620, columns: int = 960) -> tuple[Array, Array]:
    """Return u (0..2 pi around) and v (0..pi from the top) on a grid."""
    v, u = np.meshgrid(
        np.linspace(0.001, math.pi - 0.001, rows), np.linspace(0, 2 * math.pi, columns, endpoint=False), indexing="ij"
    )
    return u.astype(np.float32), v.astype(np.float32)


def _turned(u: Array, radius: Array, height: Array) -> Array:
    return np.stack([radius * np.cos(u), radius * np.sin(u), height], -1).astype(np.float32)


def _tube(
    path: Array, width: Array, colour: Array | tuple[float, ...], gloss: float = 0.1, columns: int = 60
) -> Surface:
    """Sweep a circle of changing width along a path (rows, 3)."""
    forward = np.gradient(path, axis=0)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    side = np.cross(forward, [0.3, 1.0, 0.2])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(forward, side)
    angle = np.linspace(0, 2 * math.pi, columns, endpoint=False)
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    points = path[:, None] + width[:, None, None] * ring
    colours = np.broadcast_to(np.asarray(colour, np.float32), points.shape)
    return Surface(points.astype(np.float32), colours, gloss)


def _stem(base: float, length: float, chance: np.random.Generator, width: float = 0.045) -> Surface:
    t = np.linspace(0, 1, 160)
    bend = chance.uniform(-0.25, 0.25, 2)
    path = np.stack([bend[0] * t**2, bend[1] * t**2, base + length * t], 1)
    return _tube(path, width * (1 + 0.7 * t**4), (0.34, 0.23, 0.13))


def _apple(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    dimples = 0.52 * np.exp(-((v / 0.42) ** 2)) + 0.24 * np.exp(-(((math.pi - v) / 0.34) ** 2))
    lobes = 1 + 0.035 * np.cos(5 * u + 1) * np.clip((v - 1.6) / 1.5, 0, 1) ** 2
    reach = (1 - 0.05 * np.cos(v) + 0.012 * _noise(u, v, 6, 4, chance)) * lobes
    points = _turned(u, reach * np.sin(v) * (1.0 + 0.10 * np.cos(v)), reach * np.cos(v) * 0.9 - dimples * np.cos(v))
    streaks = 0.5 * _noise(u, v, 70, 3, chance) + 0.35 * _noise(u, v, 26, 2, chance) + 0.55 * _noise(u, v, 3, 2, chance)
    red = _mix((0.85, 0.70, 0.28), (0.72, 0.08, 0.09), 0.72 + 0.42 * streaks - 0.9 * np.exp(-((v / 0.35) ** 2)))
    red = red + 0.14 * _specks(u, 170, 0.005, 1, chance)[..., None]
    return [Surface(points, red, 0.55), _stem(0.30, 0.62, chance)]


def _plum(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    seam = 1 - 0.07 * np.exp(-((np.angle(np.exp(1j * u)) / 0.16) ** 2)).astype(np.float32) * np.sin(v)
    points = _turned(u, 0.86 * seam * np.sin(v), np.cos(v) - 0.22 * np.exp(-((v / 0.3) ** 2)))
    bloom = 0.45 + 0.35 * _noise(u, v, 6, 5, chance) + 0.2 * _noise(u, v, 24, 18, chance)
    return [Surface(points, _mix((0.16, 0.05, 0.16), (0.46, 0.40, 0.62), bloom), 0.22), _stem(0.72, 0.30, chance, 0.03)]


def _lemon(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    along = np.cos(v)
    nub = 0.13 * (np.exp(-((v / 0.30) ** 2)) - 0.8 * np.exp(-(((math.pi - v) / 0.26) ** 2)))
    pores = 0.0028 * _noise(u, v, 150, 84, chance) + 0.02 * _noise(u, v, 9, 6, chance)
    radius = 0.80 * np.sin(v) ** 0.96 * (1 + pores)
    points = _turned(u, radius, 1.08 * along * (1 + pores) + 1.5 * nub)
    shade = 0.5 + 0.28 * _noise(u, v, 8, 6, chance) + 0.22 * _noise(u, v, 150, 84, chance)
    green = np.exp(-((v / 0.30) ** 2))
    skin = _mix((0.93, 0.70, 0.06), (0.98, 0.84, 0.16), shade) * (
        1 - 0.35 * green[..., None] * np.array([0.8, 0.3, 0.6], np.float32)
    )
    return [Surface(points, skin.astype(np.float32), 0.34)]


def _orange(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    pores = 0.0032 * _noise(u, v, 170, 96, chance) + 0.012 * _noise(u, v, 5, 4, chance)
    navel = 0.05 * np.exp(-((v / 0.16) ** 2))
    reach = 0.98 + pores - navel
    points = _turned(u, reach * np.sin(v), 0.95 * reach * np.cos(v))
    shade = 0.55 + 0.25 * _noise(u, v, 6, 5, chance) + 0.22 * _noise(u, v, 170, 96, chance)
    skin = _mix((0.90, 0.40, 0.03), (0.98, 0.56, 0.09), shade)
    star = np.clip(1.5 - v / (0.075 + 0.025 * np.cos(5 * u)), 0, 1)[..., None]
    skin = skin * (1 - star) + np.array([0.36, 0.46, 0.18], np.float32) * star
    return [Surface(points, skin.astype(np.float32), 0.36)]


def _pear(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    height = np.cos(v)
    neck = 0.5 + 0.5 * np.tanh((height - 0.28) * 3.4)
    radius = np.sin(v) ** 0.9 * (0.98 - 0.56 * neck) * (1 + 0.03 * _noise(u, v, 5, 4, chance))
    dimple = 0.10 * np.exp(-((v / 0.22) ** 2)) - 0.14 * np.exp(-(((math.pi - v) / 0.3) ** 2))
    points = _turned(u, radius, 1.30 * height - dimple)
    points[..., 0] += 0.10 * np.clip(height, 0, 1) ** 2
    blush = 0.30 + 0.5 * np.cos(u - 1) * np.sin(v) + 0.25 * _noise(u, v, 5, 4, chance)
    skin = _mix((0.66, 0.72, 0.20), (0.83, 0.69, 0.22), blush)
    specks = _specks(u, 650, 0.004, 1, chance)[..., None]
    skin = skin * (1 - 0.32 * specks) + np.array([0.18, 0.10, 0.03], np.float32) * specks * 0.3
    return [Surface(points, skin.astype(np.float32), 0.22), _stem(1.16, 0.55, chance, 0.05)]


def _strawberry(chance: np.random.Generator) -> list[Surface]:
    u, v = _grid()
    height = np.cos(v)
    radius = np.sin(v) ** 0.82 * (0.66 + 0.30 * height - 0.10 * height**2) * (1 + 0.045 * _noise(u, v, 5, 4, chance))
    turns, rows = 19.0, 15.0
    row = np.floor(v / math.pi * rows)
    across = np.mod(u / (2 * math.pi) * turns + 0.5 * np.mod(row, 2), 1) - 0.5
    down = np.mod(v / math.pi * rows, 1) - 0.5
    crowded = np.clip(np.sin(v) * 1.5 - 0.25, 0, 1)
    pit = np.exp(-((across / 0.24) ** 2) - (down / 0.26) ** 2) * crowded
    seed = np.clip(1.5 - np.hypot(across / 0.13, down / 0.22), 0, 1) * crowded
    dent = 1 - 0.055 * pit + 0.03 * np.clip(seed, 0, 1)
    points = _turned(u, radius * dent, 1.02 * height * dent)
    pale = np.clip(1.2 - v / 0.8, 0, 1) * 0.6 + 0.12 * _noise(u, v, 6, 4, chance)
    flesh = _mix((0.78, 0.05, 0.07), (0.93, 0.46, 0.36), pale) * (1 - 0.30 * pit[..., None])
    skin = flesh * (1 - seed[..., None]) + np.array([0.92, 0.74, 0.30], np.float32) * seed[..., None]
    return [Surface(points, skin.astype(np.float32), 0.5), *_calyx(0.94, chance), _stem(0.95, 0.42, chance, 0.035)]


def _calyx(top: float, chance: np.random.Generator) -> list[Surface]:
    leaves = []
    for around in np.arange(9) * 2 * math.pi / 9 + chance.uniform(0, 1):
        t = np.linspace(0, 1, 150)
        droop = chance.uniform(0.05, 0.34)
        reach = 0.66 * t
        path = np.stack(
            [reach * math.cos(around), reach * math.sin(around), top + 0.10 * np.sin(3 * t) - droop * t**2], 1
        )
        width = 0.135 * np.sin(math.pi * np.clip(t * 0.93 + 0.06, 0, 1)) ** 0.8
        leaves.append(_tube(path, width, (0.26, 0.47, 0.13), 0.15, 44))
    flat = np.array([1, 1, 0.45], np.float32)
    middle = np.array([0, 0, top * 0.55], np.float32)
    return [Surface(leaf.points * flat + middle, leaf.colours, leaf.gloss) for leaf in leaves]


def _banana(chance: np.random.Generator) -> list[Surface]:
    rows, columns = 1000, 520
    t = np.linspace(0, 1, rows)
    bend = chance.uniform(1.5, 1.9)
    angle = (t - 0.5) * bend
    path = np.stack([1.75 * np.sin(angle) * 1.25, 1.75 * (1 - np.cos(angle)) * 1.25, np.zeros(rows)], 1)
    width = 0.34 * np.clip(np.sin(math.pi * np.clip(t, 0.0, 1)), 0, 1) ** 0.42
    stalk = np.clip((0.17 - t) / 0.11, 0, 1)
    width = width * (1 - stalk) + 0.095 * stalk
    tip = np.clip((t - 0.955) / 0.04, 0, 1)
    width = width * (1 - tip) + 0.07 * tip
    tube = _tube(path, width, (1, 1, 1), columns=columns)
    u, v = _grid(rows, columns)
    ridges = 1 + 0.06 * np.cos(5 * u)
    points = path[:, None] + (tube.points - path[:, None]) * ridges[..., None]
    along = np.broadcast_to(t[:, None], u.shape).astype(np.float32)
    ripe = 0.55 + 0.3 * _noise(u, v, 5, 12, chance)
    skin = _mix((0.90, 0.70, 0.10), (0.97, 0.82, 0.24), ripe)
    skin = skin * (1 - 0.13 * np.clip(np.cos(5 * u), 0, 1)[..., None] ** 6)
    green = np.clip((0.26 - along) / 0.2, 0, 1) * 0.5
    skin = skin * (1 - green[..., None]) + np.array([0.62, 0.66, 0.20], np.float32) * green[..., None]
    brown = np.clip((0.035 - along) / 0.02, 0, 1) + np.clip((along - 0.955) / 0.02, 0, 1)
    brown = np.clip(brown + 0.75 * _specks(u, 60, 0.004, 0.6, chance) + 0.5 * _specks(u, 14, 0.012, 0.5, chance), 0, 1)
    skin = skin * (1 - 0.8 * brown[..., None]) + np.array([0.22, 0.14, 0.06], np.float32) * 0.8 * brown[..., None]
    return [Surface(points.astype(np.float32), skin.astype(np.float32), 0.25)]


FRUITS = {
    "apple": Fruit(_apple, (0, 24), size=0.90),
    "banana": Fruit(_banana, (0, 14), size=0.86),
    "lemon": Fruit(_lemon, (76, 96), (15, 165), 0.86),
    "orange": Fruit(_orange, (20, 60), size=0.88),
    "pear": Fruit(_pear, (0, 12), size=0.74),
    "plum": Fruit(_plum, (40, 95), size=0.84),
    "strawberry": Fruit(_strawberry, (96, 124), (35, 145), 0.98),
}
