"""Signing up keeps what was made before; accounts, tokens and the list of one's own."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.requires_chromium
PASSWORD = "a quiet harbour at dawn"


def sign_up(visitor: Visitor) -> str:
    name = f"visitor-{uuid.uuid4().hex[:8]}"
    visitor.page.goto("/account/sign-up/")
    visitor.page.get_by_label("User name").fill(name)
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_label("Password confirmation").fill(PASSWORD)
    visitor.button("Sign up").click()
    return name


def test_signing_up_and_in_keeps_the_work(visitor: Visitor) -> None:
    visitor.start()
    visitor.add_class("Kept")
    name = sign_up(visitor)
    visitor.page.wait_for_url("**/my/")
    expect(visitor.page.get_by_role("link", name="My classifier", exact=True)).to_be_visible()

    visitor.page.goto("/account/")
    visitor.button("Sign out").click()
    visitor.page.goto("/my/")
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
    visitor.start()
    visitor.add_class("Made as a guest")
    visitor.page.goto("/account/sign-in/")
    visitor.page.get_by_label("Username").fill(name)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.button("Sign in").click()
    visitor.page.wait_for_url("**/my/")
    expect(visitor.page.locator(".support-set-item")).to_have_count(2)


def test_a_wrong_password_is_said_so(visitor: Visitor) -> None:
    visitor.page.goto("/account/sign-in/")
    visitor.page.get_by_label("Username").fill("nobody-here")
    visitor.page.get_by_label("Password").fill("wrong")
    visitor.button("Sign in").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("correct username and password")


def test_a_token_is_shown_once_and_works(visitor: Visitor) -> None:
    sign_up(visitor)
    visitor.page.goto("/account/")
    visitor.page.get_by_label("What is it for?").fill("notebook")
    visitor.button("Make a token").click()
    secret = visitor.page.locator(".secret").inner_text()
    asked = visitor.page.request.get("/api/v1/support-sets", headers={"Authorization": f"Bearer {secret}"})
    assert asked.status == 200
    visitor.page.goto("/account/")
    expect(visitor.page.locator(".secret")).to_have_count(0)
    visitor.button("Delete notebook").click()
    expect(visitor.page.get_by_text("You have none yet.")).to_be_visible()
    refused = visitor.page.request.get("/api/v1/support-sets", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status == 401


def test_my_classifiers_are_listed_renamed_and_deleted(visitor: Visitor) -> None:
    visitor.teach("anchor", "wave")
    visitor.learn()
    visitor.page.goto("/my/")
    name = visitor.page.get_by_label("Name of this classifier")
    name.fill("Harbour signs")
    with visitor.page.expect_response("**/rename/"):
        name.press("Enter")
    visitor.page.reload()
    expect(name).to_have_value("Harbour signs")
    visitor.button("Delete the classifier Harbour signs").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(name).to_have_count(1)
    visitor.button("Delete the classifier Harbour signs").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(name).to_have_count(0)
    visitor.button("Delete with all its pictures").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.page.locator(".support-set-item")).to_have_count(0)
