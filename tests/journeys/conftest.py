"""A visitor's browser that forgives nothing: no console error, no broken script, no request to another machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.journeys.visitor import Visitor

EXPECTED = re.compile(r"status of 4\d\d|Status Error Code 4\d\d|ERR_INTERNET_DISCONNECTED|htmx:sendError")
"""A refusal in words is no error of ours, though the console reports it; nor is the cable that a test pulls.
A static file that is missing is."""

PATIENCE_MS = 30_000


@pytest.fixture
def visitor(page: Page) -> Iterator[Visitor]:
    """Come to the site for the first time."""
    errors: list[str] = []
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)

    def note(message: ConsoleMessage) -> None:
        missing = message.text.startswith("Failed to load") and "/static/" in message.location.get("url", "")
        expected = EXPECTED.search(message.text) and not missing
        if message.type == "error" and not expected:
            errors.append(message.text)

    page.context.on("console", note)
    page.context.on("weberror", lambda error: errors.append(str(error.error)))
    yield Visitor(page)
    assert not errors
