"""The contact sheet of a stored archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from PIL import Image

from mlcore.data.contact_sheet import CLASSES, SAMPLES, SIDE, contact_sheet, spread
from webapp.datasets.ingesting.class_splits import SPLITS


def sheet_of(archive: zipfile.ZipFile, classes: list[dict[str, Any]]) -> bytes:
    """Draw samples of some classes of each split as a JPEG, and note in `classes` where each one's strip is."""
    members: dict[str, list[str]] = {}
    for path in sorted(archive.namelist()):
        members.setdefault(path.rpartition("/")[0], []).append(path)
    chosen = list(_chosen(classes))
    for row in classes:
        row["strip"] = None
    for strip, row in enumerate(chosen):
        row["strip"] = strip
    files = [members.get(f"{row['split']}/{row['name']}", []) for row in chosen]
    sheet = contact_sheet([_small(archive, path) for path in paths[:SAMPLES]] for paths in files)
    return _jpeg(sheet) if sheet else b""


def _chosen(classes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for split in SPLITS:
        of_split = [row for row in classes if row["split"] == split]
        yield from (of_split[place] for place in spread(len(of_split), CLASSES))


def _small(archive: zipfile.ZipFile, path: str) -> Image.Image:
    with Image.open(io.BytesIO(archive.read(path))) as picture:
        picture.draft("RGB", (SIDE, SIDE))
        picture.thumbnail((SIDE, SIDE))
        return picture.copy()


def _jpeg(sheet: Image.Image) -> bytes:
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85)
    return out.getvalue()
