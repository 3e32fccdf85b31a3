"""A person sees how good the classifier is before using it, looks at what was mixed up, and stops what takes long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.journeys.test_keyboard import tab_to
from tests.journeys.test_looks import problems
from tests.journeys.visitor import LEARNING_MS, Visitor
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Quality

pytestmark = pytest.mark.requires_chromium


def quality_on(page: Page) -> Quality:
    """Return what was measured of the classifier whose page it is."""
    return Quality.objects.get(classifier_id=page.url.split("/")[-2])


def known(page: Page) -> None:
    """Wait until the page tells how many pictures were known."""
    expect(page.locator("#quality")).to_contain_text("of 6 of your own pictures", timeout=LEARNING_MS)


def test_how_good_it_is_is_told_and_unfolded_by_keyboard(visitor: Visitor) -> None:
    page = visitor.page
    visitor.teach("anchor", "gate")
    visitor.learn()
    known(page)
    for fold in ("Class by class", "How this is found out, and how far to trust it"):
        tab_to(page, fold)
        page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Class by class")).to_contain_text("Gate")
    expect(page.get_by_text("nobody can tell the exact number")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.reload()
            page.locator("#quality details").evaluate_all("folds => folds.forEach((fold) => { fold.open = true; })")
            assert problems(page) == []


def test_what_was_mixed_up_is_opened_and_leads_to_where_it_is_mended(visitor: Visitor, stack_orm: None) -> None:
    page = visitor.page
    visitor.teach("anchor", "gate")
    visitor.learn()
    known(page)
    quality = quality_on(page)
    quality.answers = [{**answer, "answer": 1} for answer in quality.answers]
    quality.save()
    page.reload()
    table = page.get_by_role("region", name="What it mixed up")
    expect(table.get_by_role("row")).to_have_count(2)
    assert problems(page) == []
    table.get_by_role("link", name="Open a picture of Anchor that was taken for Gate").first.click()
    dialog = page.get_by_role("dialog", name="Picture")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Move or delete it among your pictures").click()
    page.wait_for_url("**/support-sets/*/#picture-*")
    expect(visitor.card("Anchor")).to_be_visible()


def test_what_takes_long_is_followed_stopped_and_done_after_all(visitor: Visitor, stack_orm: None) -> None:
    page = visitor.page
    visitor.teach("anchor", "gate")
    visitor.learn()
    known(page)
    tomorrow = timezone.now() + timedelta(days=1)
    waiting = {"status": JobStatus.QUEUED, "attempt": 0, "sent_at": tomorrow, "finished": None, "answers": []}
    Quality.objects.filter(pk=quality_on(page).pk).update(**waiting)
    page.reload()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Queued")).to_be_visible()
    assert problems(page) == []
    visitor.button("Stop finding out").click()
    expect(page.get_by_role("alert")).to_contain_text("You stopped this")
    visitor.button("Find out how good it is").click()
    known(page)
