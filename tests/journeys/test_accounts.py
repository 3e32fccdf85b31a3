"""Signing up keeps what was made before; accounts, tokens and the list of one's own."""

from __future__ import annotations

import re
import uuid
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_keyboard import tab_to
from tests.journeys.test_looks import problems
from tests.journeys.visitor import Visitor
from tests.stack import Stack

pytestmark = pytest.mark.requires_chromium
PASSWORD = "a quiet harbour at dawn"


def sign_up(visitor: Visitor, address: str = "") -> str:
    name = f"visitor-{uuid.uuid4().hex[:8]}"
    visitor.page.goto("/account/sign-up/")
    visitor.page.get_by_label("User name").fill(name)
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_label("Password confirmation").fill(PASSWORD)
    visitor.page.get_by_label("E-mail address (optional)").fill(address)
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
    visitor.page.get_by_label("When does it expire?").select_option("in a year")
    visitor.button("Make a token").click()
    secret = visitor.page.locator(".secret").inner_text()
    asked = visitor.page.request.get("/api/v1/support-sets", headers={"Authorization": f"Bearer {secret}"})
    assert asked.status == 200
    refused = visitor.page.request.post(
        "/api/v1/support-sets", headers={"Authorization": f"Bearer {secret}"}, data={"name": "Birds"}
    )
    assert (refused.status, refused.json()["code"]) == (403, "scope_needed")
    visitor.page.goto("/account/")
    expect(visitor.page.locator(".secret")).to_have_count(0)
    visitor.button("Revoke notebook").click()
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


def test_a_forgotten_password_is_reset_by_the_letter_that_the_site_prints(visitor: Visitor, stack: Stack) -> None:
    address = f"{uuid.uuid4().hex[:8]}@example.org"
    name = sign_up(visitor, address)
    expect(visitor.page.get_by_text("We have sent a link to")).to_be_visible()
    visitor.page.goto(link_to(address, stack, visitor.page))
    visitor.button("Confirm the address").click()
    expect(visitor.page.get_by_text("Your e-mail address is confirmed.")).to_be_visible()
    visitor.button("Sign out").click()
    visitor.page.goto("/account/sign-in/")
    visitor.page.get_by_role("link", name="Forgot your password?").click()
    visitor.page.get_by_label("Email").fill(address)
    visitor.button("Send the link").click()
    expect(visitor.page.get_by_role("heading", name="Look into your letters")).to_be_visible()
    visitor.page.goto(link_to(address, stack, visitor.page, "/account/reset/"))
    assert not problems(visitor.page)
    visitor.page.get_by_label("New password", exact=True).fill("another harbour at dusk")
    visitor.page.get_by_label("New password confirmation").fill("another harbour at dusk")
    visitor.button("Set the password").click()
    expect(visitor.page.get_by_text(f"Signed in as {name}")).to_be_visible()
    expect(visitor.page.get_by_text("You are signed out everywhere else")).to_be_visible()


def link_to(address: str, stack: Stack, page: Page, path: str = "/account/address/") -> str:
    """Return the link in the latest letter to an address, which the web server prints as `make run` does."""
    pattern = rf"To: {re.escape(address)}\n(?:(?!^-{{70}}).*\n)*?.*(http://\S+{path}\S+)"
    for _ in range(100):
        if links := re.findall(pattern, stack.processes["web"].log.read_text(), re.MULTILINE):
            return str(links[-1])
        page.wait_for_timeout(50)
    pytest.fail(f"no letter with {path} was printed")


def test_a_new_password_is_set_with_the_tokens_revoked(visitor: Visitor) -> None:
    sign_up(visitor)
    visitor.page.goto("/account/")
    visitor.button("Make a token").click()
    expect(visitor.page.get_by_role("row", name="My program")).to_contain_text("Read")
    for width in (390, 1280):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        assert not problems(visitor.page)
    visitor.page.get_by_label("Old password").fill(PASSWORD)
    visitor.page.get_by_label("New password", exact=True).fill("another harbour at dusk")
    visitor.page.get_by_label("New password confirmation").fill("another harbour at dusk")
    expect(visitor.page.get_by_label("Also revoke all my API tokens")).to_be_checked()
    visitor.button("Change the password").click()
    expect(visitor.page.get_by_text("1 token is revoked.")).to_be_visible()
    expect(visitor.page.get_by_text("You have none yet.")).to_be_visible()


def test_a_copy_is_taken_and_the_account_deleted_by_keyboard(visitor: Visitor, tmp_path: Path) -> None:
    visitor.start()
    visitor.add_class("Kept")
    name = sign_up(visitor)
    page = visitor.page
    page.goto("/account/")
    page.get_by_role("link", name="Copy or delete").click()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert not problems(page)
    with page.expect_download() as download:
        tab_to(page, "Download a copy")
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.testzip() is None
        assert name in archive.read("account.json").decode()
    tab_to(page, "Your password")
    page.keyboard.type(PASSWORD)
    tab_to(page, "Delete my account and everything in it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything of yours is deleted.")).to_be_visible()
    page.goto("/account/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    visitor.button("Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")


def test_a_guest_is_forgotten_by_one_button(visitor: Visitor) -> None:
    visitor.start()
    visitor.page.goto("/my/")
    visitor.page.get_by_role("link", name="Copy or delete them").click()
    visitor.button("Delete everything of mine").click()
    expect(visitor.page.get_by_text("Everything of yours is deleted.")).to_be_visible()
    visitor.page.goto("/my/")
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
