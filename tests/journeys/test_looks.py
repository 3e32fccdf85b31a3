"""Every page fits a small phone, has contrast in light and dark, and names everything that can be pressed."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.journeys.visitor import Visitor, query

pytestmark = pytest.mark.requires_chromium

FAINT_TEXT = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => {
    const mix = (channel) => top[channel] * top.a + under[channel] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const light = ({ r, g, b }) => {
    const curve = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const linear = [r, g, b].map((value) => curve(value / 255));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    const layers = [];
    for (let here = element; here; here = here.parentElement) {
      layers.push(parse(getComputedStyle(here).backgroundColor));
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim().slice(0, 40);
    if (!words || !element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) continue;
    if (element.closest(":disabled, .visually-hidden, .skip, script, option")) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(over(parse(style.color), ground(element))), light(ground(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) faint.push(`${words}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
NAMELESS = """() => {
  const named = (element) => element.getAttribute("aria-label") || element.getAttribute("aria-labelledby")
    || element.labels?.length || element.innerText?.trim() || element.querySelector("img[alt]:not([alt=''])");
  return [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, progress, meter")]
    .filter((element) => !(element.tabIndex < 0 && element.closest("[aria-hidden='true']")))
    .filter((element) => element.checkVisibility() && !named(element))
    .map((element) => element.outerHTML.slice(0, 120));
}"""
ACCOUNT = [f"/account/{page}/" for page in ("sign-up", "sign-in", "reset", "reset/sent", "reset/x/x", "address/x")]
PAGES = ["/", "/my/", "/my/data/", "/privacy/", *ACCOUNT, "/no-such-page/"]


def walk(visitor: Visitor) -> list[str]:
    """Make a support set, a classifier and answers, and return the address of every page."""
    visitor.teach("anchor", "wave")
    board = visitor.page.url
    visitor.learn()
    visitor.ask(query("anchor"), query("snail"))
    return [*PAGES, board, visitor.page.url]


def problems(page: Page) -> list[str]:
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found = [f"faint: {each}" for each in page.evaluate(FAINT_TEXT)]
    found += [f"nameless: {each}" for each in page.evaluate(NAMELESS)]
    if wider := page.evaluate(too_wide):
        found.append(f"{wider} px too wide")
    return found


def test_every_page_fits_and_reads_well_in_light_and_dark(visitor: Visitor) -> None:
    addresses = walk(visitor)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    found = []
    for scheme in schemes:
        visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (360, 1280):
            visitor.page.set_viewport_size({"width": width, "height": 800})
            for address in addresses:
                visitor.page.goto(address)
                found += [f"{scheme} {width} {address}: {each}" for each in problems(visitor.page)]
    assert not found


def test_dark_mode_is_dark_and_nothing_moves_where_motion_is_unwanted(visitor: Visitor) -> None:
    visitor.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    visitor.page.goto("/")
    red, green, blue = visitor.page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert max(red, green, blue) < 40
    seconds = "(each) => parseFloat(getComputedStyle(each).transitionDuration)"
    longest = f"Math.max(...[...document.querySelectorAll('*')].map({seconds}))"
    assert visitor.page.evaluate(longest) < 0.001
