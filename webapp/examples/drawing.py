"""Draw the pictures of an example once, into a folder that is complete or absent.

Run as a program it draws one example: ``python -m webapp.examples.drawing fruit FOLDER``. The web process runs it so,
because numpy would stay in its memory for good.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings

from webapp.examples.catalogue import EXAMPLES, Example

EDITION = 1
"""Raise it when a picture would come out different, so that stored ones are drawn anew."""


def picture_path(example: Example, name: str) -> Path:
    """Return where one picture lies, after drawing the example if nobody has yet."""
    folder = settings.DATA_DIR / "examples" / f"{example.slug}-{EDITION}"
    if not folder.is_dir():
        _draw_in_own_process(example, folder)
    return folder / f"{name}.jpg"


def _draw_in_own_process(example: Example, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".drawing-") as scratch:
        drawn = Path(scratch) / "pictures"
        command = [sys.executable, "-m", "webapp.examples.drawing", example.slug, str(drawn)]
        subprocess.run(command, check=True, cwd=settings.BASE_DIR, timeout=300)
        try:
            drawn.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process drew it in the meantime
                raise


def draw_example(example: Example, folder: Path) -> None:
    """Draw every picture of an example into a new folder."""
    from webapp.examples.fruit import render_fruit
    from webapp.examples.signs import draw_sign

    draw = render_fruit if example.slug == "fruit" else draw_sign
    folder.mkdir(parents=True)
    subjects = {name: subject for subject, names in example.support_names.items() for name in names}
    subjects |= dict(zip(example.query_names, example.queries, strict=True))
    for name, subject in subjects.items():
        draw(subject, name).save(folder / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    draw_example(EXAMPLES[sys.argv[1]], Path(sys.argv[2]))
