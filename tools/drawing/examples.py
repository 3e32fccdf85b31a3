"""Draw the pictures of both examples anew: ``python -m tools.drawing.examples``.

They ship as files, so that the start page shows them at once and no web process ever loads numpy.
"""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tools.drawing.fruit import render_fruit
from tools.drawing.signs import draw_sign
from webapp.site.examples.catalogue import EXAMPLES, Example


def draw_picture(example: Example, subject: str, name: str) -> Image.Image:
    """Draw one picture of an example; the same name always gives the same picture."""
    draw = render_fruit if example.slug == "fruit" else draw_sign
    return draw(subject, name)


def subjects(example: Example) -> Iterator[tuple[str, str]]:
    """Yield the name of every picture with what it shows."""
    for subject, names in example.support_names.items():
        yield from ((name, subject) for name in names)
    yield from zip(example.query_names, example.queries, strict=True)


def draw_all() -> None:
    """Draw every picture of every example into its file."""
    for example in EXAMPLES.values():
        for name, subject in subjects(example):
            file: Path = example.file(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            draw_picture(example, subject, name).save(file, quality=88, method=6)


if __name__ == "__main__":
    draw_all()
