"""Classes and pictures are renamed, put in order, moved, deleted and brought back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.visitor import Visitor, signs

pytestmark = pytest.mark.requires_chromium


def names(page: Page) -> list[str]:
    return [str(field.input_value()) for field in page.get_by_label("Class name").all()]


def test_a_deleted_picture_and_a_deleted_class_come_back(visitor: Visitor) -> None:
    visitor.teach("fork", "gate", "kite")
    card = visitor.card("Fork")
    card.locator(".picture").first.hover()
    card.get_by_role("button", name="Delete fork-0.webp").click()
    expect(card.locator(".picture")).to_have_count(2)
    expect(card.locator(".count")).to_contain_text("2 pictures")
    visitor.button("Undo").click()
    expect(card.locator(".picture")).to_have_count(3)
    expect(card.locator(".count")).to_contain_text("3 pictures")

    visitor.button("Delete the class Gate").click()
    expect(visitor.page.get_by_label("Class name")).to_have_count(2)
    visitor.button("Undo").click()
    expect(visitor.card("Gate").locator(".picture")).to_have_count(3)
    assert names(visitor.page) == ["Fork", "Gate", "Kite"]


def test_classes_are_renamed_and_put_in_order(visitor: Visitor) -> None:
    visitor.start()
    for name in ("One", "Two", "Three"):
        visitor.add_class(name)
    visitor.button("Move Three earlier").click()
    visitor.page.get_by_label("Class name").nth(0).fill("Первый")
    with visitor.page.expect_response("**/rename/"):
        visitor.page.keyboard.press("Enter")
    visitor.page.get_by_label("Class name").nth(2).fill("Three")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_text("There is a class “Three” already.")).to_be_visible()
    visitor.page.reload()
    assert names(visitor.page) == ["Первый", "Three", "Two"]


def test_a_class_is_dragged_to_another_place(visitor: Visitor) -> None:
    visitor.start()
    for name in ("One", "Two"):
        visitor.add_class(name)
    grips = visitor.page.locator(".grip")
    grips.nth(1).hover()
    visitor.page.mouse.down()
    box = grips.nth(0).bounding_box()
    assert box
    with visitor.page.expect_response("**/order/"):
        visitor.page.mouse.move(box["x"] + 5, box["y"] + 5, steps=6)
        visitor.page.mouse.up()
    visitor.page.reload()
    assert names(visitor.page) == ["Two", "One"]


def test_a_picture_is_looked_at_and_moved_to_another_class(visitor: Visitor) -> None:
    visitor.teach("fork", "gate")
    visitor.card("Fork").locator(".picture-open").first.click()
    viewer = visitor.page.get_by_role("dialog", name="Picture")
    viewer.get_by_label("Class").select_option("Gate")
    viewer.get_by_role("button", name="Move").click()
    expect(visitor.card("Gate").locator(".picture")).to_have_count(4)
    expect(visitor.card("Fork").locator(".picture")).to_have_count(2)
    expect(viewer).not_to_be_visible()


def test_markup_in_a_name_stays_text(visitor: Visitor) -> None:
    visitor.start()
    visitor.add_class("<b onclick=alert(1)>Bold</b>")
    assert names(visitor.page) == ["<b onclick=alert(1)>Bold</b>"]
    visitor.page.reload()
    assert names(visitor.page) == ["<b onclick=alert(1)>Bold</b>"]


def test_a_class_that_was_moved_takes_each_picture_once(visitor: Visitor) -> None:
    visitor.start()
    for name in ("Fork", "Gate"):
        visitor.add_class(name)
    visitor.button("Move Gate earlier").click()
    visitor.upload("Gate", signs("gate"))
    expect(visitor.card("Gate").locator(".uploads > *")).to_have_count(0)
    expect(visitor.card("Gate").locator(".picture")).to_have_count(3)
    expect(visitor.card("Gate").locator(".refusal")).to_have_count(0)
