"""An example is one click away from its answers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import LEARNING_MS, Visitor
from webapp.checkpoints.models import Checkpoint
from webapp.site.examples.catalogue import EXAMPLES

pytestmark = pytest.mark.requires_chromium


@pytest.mark.parametrize("slug", ["signs", "fruit"])
def test_one_click_leads_to_answers_with_their_reasons(visitor: Visitor, slug: str, stack_orm: None) -> None:
    example = EXAMPLES[slug]
    if not Checkpoint.objects.live().filter(kind=example.kind).exists():
        pytest.fail(f"no live checkpoint for {example.kind}")
    visitor.page.goto("/")
    visitor.button(f"Try “{example.title}”").click()
    expect(visitor.results).to_have_count(len(example.queries), timeout=2 * LEARNING_MS)

    known = [place for place, subject in enumerate(example.queries) if subject in example.classes]
    best = [visitor.results.nth(place).locator(".bars .is-best span").first.inner_text() for place in known]
    wanted = [str(example.classes[example.queries[place]]) for place in known]
    assert sum(got == want for got, want in zip(best, wanted, strict=True)) >= len(known) - 1

    reasons = visitor.results.first.locator(".reason")
    expect(reasons).to_have_count(3)
    expect(reasons.first).to_contain_text("alike")
    assert reasons.first.locator("img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    expect(visitor.page.locator(".facts")).to_contain_text("the processor")
    expect(visitor.page.locator(".settings code")).to_have_text(example.kind)


def test_answers_download_as_csv(visitor: Visitor, tmp_path: Path) -> None:
    visitor.page.goto("/")
    visitor.button("Try “Pen-drawn signs”").click()
    visitor.results.first.wait_for(timeout=2 * LEARNING_MS)
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "answers.csv")
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text("utf-8-sig").splitlines()))
    assert [row["file"] for row in rows] == [f"{name}.webp" for name in EXAMPLES["signs"].query_names]
    assert {"class", "confidence", "Anchor", "Wave"} <= set(rows[0])
