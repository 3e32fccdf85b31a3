"""What a page must be to whoever looks at it, and pictures of it for whoever wants to see for themselves."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.test_looks import FAINT_TEXT, NAMELESS

WIDTHS = (1280, 390)
SHOTS = os.environ.get("GLIMPSE_TEST_SHOTS", "")
"""A folder that pictures of the pages are put in."""
OURS = "(document.querySelector('.page') ?? document.createElement('p'))"
"""The part of a page of the admin that the project brings itself."""
FAINT = FAINT_TEXT.replace("document.body", OURS).replace(
    ":disabled,", ":disabled, .material-symbols-outlined, progress,"
)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def flaws(page: Page, name: str) -> list[str]:
    """List what is faint, nameless or too wide at each width, in light and dark; leave the page as it was."""
    found = []
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.classList.toggle('dark', theme === 'dark')", theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wrong = [*page.evaluate(FAINT), *page.evaluate(NAMELESS)]
            wrong += ["too wide"] if page.evaluate(TOO_WIDE) else []
            found += [f"{name} {theme} {width}: {each}" for each in wrong]
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{theme}.png", full_page=True)
    page.evaluate("document.documentElement.classList.remove('dark')")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found
