"""The page of settings keeps up with the code."""

import re

from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text()
FOR_THE_LAUNCHER_ALONE = {"GLIMPSE_EMBEDDED"}


def test_every_variable_that_is_read_is_explained() -> None:
    read = set(re.findall(r'env\.\w+\("(\w+)"', (ROOT / "webapp/config/settings.py").read_text()))
    assert "GLIMPSE_PORT" in read
    assert {name for name in read - FOR_THE_LAUNCHER_ALONE if f"`{name}`" not in PAGE} == set()
