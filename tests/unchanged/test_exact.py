"""Names, options, keys and the API's schema are as recorded."""

from __future__ import annotations

import pytest

from tests.unchanged import recordings
from tests.unchanged.record import EXACT


@pytest.mark.parametrize("name", sorted(EXACT))
def test_what_others_rely_on_is_as_recorded(name: str) -> None:
    changes = list(recordings.differences(recordings.read(name), EXACT[name]()))
    assert not changes, "\n".join([f"{name} is not as recorded:", *changes, recordings.REMEDY])
