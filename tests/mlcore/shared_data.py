"""The real data that lies beside the project on some machines; tests that need it are skipped, visibly, elsewhere."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def need_data(name: str) -> Path:
    """Return the folder or file of this name, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is not here")
    return path
