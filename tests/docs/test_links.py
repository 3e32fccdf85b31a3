"""Links between pages lead somewhere, to the very heading that they name."""

import re
from collections.abc import Iterator

import pytest

from tests.docs.documented import PAGES, ROOT

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def links_of(page: str) -> Iterator[tuple[str, str]]:
    """Yield file, as the page names it, and heading of each link within the project."""
    for link in LINK.finditer((ROOT / page).read_text(encoding="utf-8")):
        yield link[1], link[2] or ""


def headings_of(text: str) -> set[str]:
    """Return the names by which headings are linked to: small letters, hyphens for blanks, nothing else."""
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for file, heading in links_of(page):
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), f"{page} links to {file}"
        assert not heading or heading in headings_of(target.read_text(encoding="utf-8")), f"{page}: #{heading}"


def test_links_are_found() -> None:
    assert ("datasets.md", "orl-faces") in links_of("docs/face-training.md")
    assert ("docs/screenshots/result.png", "") in links_of("README.md")
