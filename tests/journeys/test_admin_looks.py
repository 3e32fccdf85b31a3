"""Every page of the admin keeps the content security policy, asks no other machine, and fits a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys.staff import sign_in, staff_name
from tests.stack import Stack

pytestmark = pytest.mark.requires_chromium

WIDTHS = (1280, 390)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOTS = os.environ.get("GLIMPSE_TEST_SHOTS", "")
"""A folder that pictures of the pages are put in, for whoever wants to look at them."""


@pytest.fixture
def signed_in(page: Page, stack: Stack) -> Page:
    sign_in(page, staff_name(stack))
    return page


def addresses(page: Page) -> Iterator[str]:
    """Walk the admin: its front page, every list, the form to add, and the first row with its history."""
    yield "/admin/"
    yield "/admin/password_change/"
    yield "/admin/checkpoints/checkpoint/import/"
    yield "/admin/training/trainingrun/compare/"
    page.goto("/admin/")
    lists = page.locator("#nav-sidebar-apps a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for address in lists:
        yield address
        page.goto(address)
        links = page.locator("#content a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        rows = [link for link in links if re.search(r"/change/?($|\?)", link)][:1]
        adding = list(page.locator("a[href$='/add/']").evaluate_all("l => l.map(a => a.pathname)"))[:1]
        yield from (*rows, *adding)
        yield from (re.sub(r"change/.*", "history/", row) for row in rows)


def test_every_page_of_the_admin_keeps_the_policy_and_fits(signed_in: Page) -> None:
    page, wide = signed_in, []
    page.on("pageerror", lambda error: wide.append(f"{page.url}: {error}"))
    for address in dict.fromkeys(addresses(page)):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(address)
            assert answer
            assert answer.ok, address
            if page.evaluate(OVERFLOW) > 0:
                wide.append(f"{address} is wider than {width} px")
            if SHOTS:
                name = address.strip("/").replace("/", "-") or "admin"
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png")
    assert not wide, wide
