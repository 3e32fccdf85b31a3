"""Templates hold nothing that the policy forbids, no sentence without translation and no line too long to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

PAGES = ROOT / "templates"
TEMPLATES = sorted(PAGES.rglob("*.html"))
FORBIDDEN = re.compile(r"""\sstyle=|\son[a-z]+=["']|hx-on|javascript:|<style|<script(?![^>]*\bsrc=)|https?://""")
TAGS = re.compile(r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", re.DOTALL)
LOUD_ATTRIBUTES = re.compile(r"""\b(?:aria-label|title|placeholder|alt)="([^"{]*[A-Za-z]{2}[^"{]*)["{]""")
LONGEST_LINE = 120
OWN_NAMES = {"Glimpse", "&#x27;"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PAGES)))
def test_a_template_needs_nothing_that_the_policy_forbids(template: Path) -> None:
    assert FORBIDDEN.findall(template.read_text()) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PAGES)))
def test_every_sentence_can_be_translated(template: Path) -> None:
    source = template.read_text()
    words = [word for word in re.findall(r"[A-Za-z]{2,}", TAGS.sub(" ", source)) if word not in OWN_NAMES]
    assert words + LOUD_ATTRIBUTES.findall(source) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PAGES)))
def test_no_line_is_too_long_to_read(template: Path) -> None:
    lines = enumerate(template.read_text().splitlines(), start=1)
    assert [number for number, line in lines if len(line) > LONGEST_LINE] == []
