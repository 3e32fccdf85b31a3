"""An answer that comes late finds a page that has gone on, and breaks nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from tests.journeys.visitor import Visitor
from webapp.recognition.models import ZipImport

pytestmark = pytest.mark.requires_chromium

READINESS = "**/readiness/**"
STATUS = "**/imports/*/status/"


def hold_back(page: Page, address: str) -> list[Route]:
    """Keep the next request for an address from the site; return the list that it comes into."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)
    return held


def test_a_class_is_deleted_before_the_page_hears_of_its_pictures(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start()
    with page.expect_response(READINESS):
        visitor.add_class("Gate")
    held = hold_back(page, READINESS)
    with page.expect_request(READINESS):
        visitor.add_class("Kite")
    said_of_both = held[0].fetch()
    visitor.button("Delete the class Kite").click()
    expect(visitor.card("Kite")).to_have_count(0)
    with page.expect_response(READINESS):
        held[0].fulfill(response=said_of_both)
    expect(page.locator(".missing")).to_contain_text("second class")


def test_an_import_is_cancelled_before_the_page_hears_how_it_goes(visitor: Visitor, stack_orm: None) -> None:
    page = visitor.page
    visitor.start()
    support_set, tomorrow = page.url.split("/")[-2], timezone.now() + timedelta(days=1)
    ZipImport.objects.create(support_set_id=support_set, original_name="kites.zip", sent_at=tomorrow)
    held = hold_back(page, STATUS)
    with page.expect_request(STATUS):
        page.reload()
    visitor.button("Cancel").click()
    expect(visitor.button("Cancel")).to_have_count(0)
    with page.expect_response(STATUS):
        held[0].continue_()
    expect(page.get_by_label("Zip import")).to_contain_text("Cancelled")
