"""Queued, cancelled, offline, lost: each state says what is going on."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.journeys.visitor import LEARNING_MS, Visitor, query, signs
from webapp.recognition.models import Classifier

pytestmark = pytest.mark.requires_chromium


def test_offline_shows_a_banner_until_the_site_is_back(visitor: Visitor) -> None:
    visitor.start()
    card = visitor.add_class("Wave")
    visitor.page.context.set_offline(True)
    visitor.upload("Wave", signs("wave"))
    expect(visitor.page.get_by_text("Glimpse cannot be reached.")).to_be_visible()
    expect(card.locator(".refusal").first).to_contain_text("could not be reached")
    visitor.page.context.set_offline(False)
    expect(visitor.page.get_by_text("Glimpse cannot be reached.")).not_to_be_visible()
    for _ in range(3):
        card.get_by_role("button", name="Try again").first.click()
    expect(card.locator(".picture")).to_have_count(3)
    expect(card.locator(".refusal")).to_have_count(0)


def stand_in(page: Page, **fields: object) -> str:
    """Put a classifier of the same pictures into a state, and return the address of its page."""
    classifier = Classifier.objects.get(id=page.url.split("/")[-2])
    classifier.pk, classifier._state.adding = uuid.uuid4(), True
    for name, value in fields.items():
        setattr(classifier, name, value)
    classifier.save(force_insert=True)
    return f"/classifiers/{classifier.pk}/"


def test_waiting_can_be_cancelled_and_begun_again(visitor: Visitor, stack_orm: None) -> None:
    visitor.teach("anchor", "gate")
    visitor.learn()
    sent_tomorrow = timezone.now() + timedelta(days=1)
    visitor.page.goto(stand_in(visitor.page, status="queued", attempt=0, sent_at=sent_tomorrow, finished=None))
    expect(visitor.page.get_by_role("status").filter(has_text="Queued")).to_be_visible()
    expect(visitor.page.get_by_role("progressbar", name="Progress")).to_be_visible()
    visitor.button("Cancel").click()
    expect(visitor.page.get_by_text("You stopped this before it was ready.")).to_be_visible()
    visitor.button("Learn again").click()
    visitor.wait_until_learned()


def test_a_failure_says_why_and_what_to_do(visitor: Visitor, stack_orm: None) -> None:
    visitor.teach("anchor", "gate")
    visitor.learn()
    visitor.page.goto(stand_in(visitor.page, status="failed", error="The lamp went out."))
    expect(visitor.page.get_by_role("alert")).to_contain_text("The lamp went out.")
    expect(visitor.button("Learn again")).to_be_visible()


def test_answers_survive_a_reload_while_they_are_made(visitor: Visitor) -> None:
    visitor.teach("anchor", "gate")
    visitor.learn()
    with visitor.page.expect_response("**/predictions/"):
        visitor.paste([query("gate")])
    visitor.page.reload()
    expect(visitor.results).to_have_count(1, timeout=LEARNING_MS)


def test_what_is_not_there_or_not_allowed_is_a_page_in_words(visitor: Visitor) -> None:
    missing = visitor.page.goto("/support-sets/00000000-0000-0000-0000-000000000000/")
    assert missing
    assert missing.status == 404
    expect(visitor.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    visitor.page.get_by_role("link", name="To the start page").click()
    expect(visitor.button("New classifier")).to_be_visible()
    forged = visitor.page.request.post("/support-sets/", headers={"Origin": "http://elsewhere.example"})
    assert forged.status == 403
    assert "That is not allowed" in forged.text()
