"""Draw the signs of an invented script with a pen whose hand changes from drawing to drawing."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Stroke = list[Point]

SIZE = 320
OVERSAMPLING = 3
PAPERS = ((252, 251, 247), (246, 243, 235), (243, 246, 248))
INKS = ((34, 36, 48), (28, 52, 110), (58, 44, 40))


def _around(x: float, y: float, radius: float, angle: float) -> Point:
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


# Every stroke is a list of points in the unit square that a smooth line passes through.
SIGNS: dict[str, list[Stroke]] = {
    "anchor": [
        [(0.50, 0.12), (0.50, 0.45), (0.50, 0.84)],
        [(0.16, 0.56), (0.24, 0.76), (0.50, 0.86), (0.76, 0.76), (0.84, 0.56)],
        [(0.32, 0.32), (0.50, 0.32), (0.68, 0.32)],
    ],
    "fork": [
        [(0.50, 0.90), (0.50, 0.68), (0.50, 0.46), (0.50, 0.14)],
        [(0.20, 0.14), (0.23, 0.40), (0.50, 0.52), (0.77, 0.40), (0.80, 0.14)],
        [(0.34, 0.82), (0.50, 0.80), (0.66, 0.82)],
    ],
    "gate": [
        [(0.20, 0.88), (0.20, 0.50), (0.22, 0.18)],
        [(0.80, 0.88), (0.80, 0.50), (0.78, 0.18)],
        [(0.08, 0.20), (0.50, 0.13), (0.92, 0.20)],
        [(0.20, 0.44), (0.50, 0.44), (0.80, 0.44)],
    ],
    "kite": [
        [(0.50, 0.10), (0.34, 0.24), (0.20, 0.40)],
        [(0.20, 0.38), (0.34, 0.52), (0.50, 0.68)],
        [(0.50, 0.08), (0.66, 0.24), (0.80, 0.38)],
        [(0.80, 0.36), (0.66, 0.52), (0.50, 0.66), (0.43, 0.76), (0.58, 0.84), (0.47, 0.95)],
    ],
    "snail": [
        [_around(0.56, 0.42, 0.028 * (step + 1), 0.9 * step - 2.6) for step in range(12)]
        + [(0.42, 0.80), (0.66, 0.83), (0.93, 0.82)],
    ],
    "wave": [
        [(0.08, 0.40), (0.22, 0.22), (0.38, 0.42), (0.54, 0.60), (0.72, 0.40), (0.92, 0.24)],
        [(0.10, 0.74), (0.26, 0.58), (0.42, 0.76), (0.58, 0.92), (0.74, 0.74), (0.92, 0.62)],
    ],
}


def draw_sign(sign: str, seed: str) -> Image.Image:
    """Draw one sign in the hand that the seed stands for."""
    hand = random.Random(f"{sign}/{seed}")
    side = SIZE * OVERSAMPLING
    page = Image.new("RGB", (side, side), hand.choice(PAPERS))
    if hand.random() < 0.3:
        _rule_lines(page, hand)
    ink, width = hand.choice(INKS), hand.uniform(7, 13) * OVERSAMPLING
    move = _hand_movement(hand)
    for stroke in SIGNS[sign]:
        _draw_stroke(page, [move(point) for point in _smooth(_shaken(stroke, hand))], ink, width)
    return page.filter(ImageFilter.GaussianBlur(OVERSAMPLING * 0.4)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _hand_movement(hand: random.Random) -> Callable[[Point], Point]:
    angle, scale, slant = math.radians(hand.gauss(0, 4)), hand.uniform(0.62, 0.82), hand.gauss(0, 0.09)
    stretch, dx, dy = hand.uniform(0.9, 1.1), hand.gauss(0, 0.025), hand.gauss(0, 0.025)
    side = SIZE * OVERSAMPLING

    def move(point: Point) -> Point:
        x, y = (point[0] - 0.5) * scale * stretch, (point[1] - 0.5) * scale / stretch
        x -= slant * y
        turned = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        return (turned[0] + 0.5 + dx) * side, (turned[1] + 0.5 + dy) * side

    return move


def _shaken(stroke: Stroke, hand: random.Random) -> Stroke:
    return [(x + hand.gauss(0, 0.016), y + hand.gauss(0, 0.016)) for x, y in stroke]


def _smooth(stroke: Stroke, steps: int = 16) -> Stroke:
    """Run a Catmull-Rom curve through the points."""
    padded = [stroke[0], *stroke, stroke[-1]]
    curve: Stroke = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps + 1):
            t = step / steps
            x, y = (_catmull_rom(*coordinates, t) for coordinates in zip(p0, p1, p2, p3, strict=True))
            curve.append((x, y))
    return curve


def _catmull_rom(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _draw_stroke(page: Image.Image, curve: Stroke, ink: tuple[int, int, int], width: float) -> None:
    pen = ImageDraw.Draw(page)
    for index, (x, y) in enumerate(curve):
        lift = min(1.0, 0.55 + 4 * min(index, len(curve) - 1 - index) / len(curve))
        radius = width * lift / 2
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
        if index:
            pen.line((*curve[index - 1], x, y), fill=ink, width=round(2 * radius))


def _rule_lines(page: Image.Image, hand: random.Random) -> None:
    pen, gap = ImageDraw.Draw(page), page.height // hand.randint(6, 9)
    for y in range(gap // 2, page.height, gap):
        pen.line((0, y, page.width, y), fill=(196, 212, 228), width=OVERSAMPLING * 2)
