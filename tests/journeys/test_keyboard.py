"""The whole journey with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.visitor import LEARNING_MS, Visitor

pytestmark = pytest.mark.requires_chromium

FOCUSED = """() => {
  const here = document.activeElement;
  return (here.labels?.[0]?.innerText || here.getAttribute("aria-label") || here.innerText || "").trim();
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    for _ in range(80):
        if page.evaluate(FOCUSED).replace("\n", " ") == name:
            return
        page.keyboard.press(key)
    pytest.fail(f"the keyboard does not reach “{name}”")


def draw(page: Page, *moves: str) -> None:
    """Draw on the board, which has the focus: a letter for each arrow, a comma to lift the pen or put it down."""
    keys = {"l": "ArrowLeft", "r": "ArrowRight", "u": "ArrowUp", "d": "ArrowDown", ",": " "}
    for move in moves:
        for letter in move:
            page.keyboard.press(keys[letter])
    tab_to(page, "Add and close")
    page.keyboard.press("Enter")


LINE = (",", "r" * 12, ",")
CORNER = (",", "d" * 8, "r" * 8, "u" * 8, ",")


def test_teach_learn_and_ask_by_keyboard(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    tab_to(page, "New classifier")
    page.keyboard.press("Enter")
    page.wait_for_url("**/support-sets/*/")
    for name, moves in (("Line", LINE), ("Corner", CORNER)):
        tab_to(page, "Add a class")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(visitor.card(name)).to_have_count(1)
        tab_to(page, f"Draw for {name}", "Shift+Tab")
        page.keyboard.press("Enter")
        draw(page, *moves)
        expect(visitor.card(name).locator(".picture")).to_have_count(1)
    expect(visitor.button("Learn")).to_be_enabled()
    tab_to(page, "Learn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/classifiers/*/")
    visitor.wait_until_learned()
    tab_to(page, "Draw to be sorted")
    page.keyboard.press("Enter")
    draw(page, *CORNER)
    expect(visitor.results).to_have_count(1, timeout=LEARNING_MS)
    expect(visitor.results.locator(".bars .is-best span").first).to_have_text("Corner")


def test_deleting_by_keyboard_leaves_the_focus_on_undo(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start()
    visitor.add_class("Line")
    tab_to(page, "Delete the class Line", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(visitor.button("Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(visitor.card("Line")).to_have_count(1)


def test_the_first_tab_stop_skips_to_the_content(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
