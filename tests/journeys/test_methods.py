"""Another method is chosen, learned with, and named with its settings and its time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
import torch
from playwright.sync_api import Locator, expect
from pytest_django import Settings

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.method_config.maml import MamlConfig
from mlcore.methods import build_method
from tests.checkpoints.candidates import registered
from tests.journeys.test_keyboard import tab_to
from tests.journeys.test_looks import problems
from tests.journeys.visitor import Visitor, query
from tests.stack import Stack
from webapp.checkpoints.models import Act, Checkpoint, Publication

pytestmark = pytest.mark.requires_chromium

NAME = "characters-just-begun"


@pytest.fixture
def another(stack: Stack, stack_orm: None, settings: Settings, tmp_path: Path) -> str:
    """Add an untrained checkpoint of MAML, once published, to the running site, and return its name."""
    if not Checkpoint.objects.filter(name=NAME).exists():
        torch.manual_seed(0)
        config = MamlConfig(backbone=BackboneConfig(name="conv4", image_size=56, width=8), adapt_steps=7)
        dataset = Checkpoint.objects.get(name="characters").card["results"][0]["dataset"]
        card = ModelCard(
            name=NAME,
            kind="characters",
            method="maml",
            config=config.to_dict(),
            transform="characters",
            results=[{"dataset": dataset, "protocol": "5-way 1-shot", "accuracy": 0.4, "ci95": 0.01}],
        )
        save_checkpoint(tmp_path / NAME, build_method("maml", config), card)
        settings.MEDIA_ROOT = stack.folder / "media"
        row = registered(tmp_path / NAME)
        Publication.objects.create(kind="characters", act=Act.PUBLISH, checkpoint=row, card=row.card)
    return NAME


def choice(visitor: Visitor, name: str) -> Locator:
    return visitor.page.locator(f"input[value='{name}']")


def test_another_method_is_chosen_learned_with_and_named(visitor: Visitor, another: str) -> None:
    page = visitor.page
    visitor.teach("anchor", "snail")
    chosen = choice(visitor, another)
    expect(chosen).not_to_be_visible()
    page.get_by_text("How it learns:").click()
    page.get_by_text("Advanced:").click()
    expect(page.locator(".method").filter(has=chosen)).to_contain_text("40.0 % right with one picture a class")
    chosen.check()
    expect(page.locator(".methods > summary")).to_contain_text("MAML")

    visitor.add_class("Kite")
    visitor.card("Kite").get_by_role("button", name="Delete the class Kite").click()
    expect(visitor.card("Kite")).to_have_count(0)
    expect(chosen).to_be_checked()
    visitor.learn()

    facts = page.locator(".facts")
    expect(facts).to_contain_text(
        re.compile(r"6 pictures.*\d s.*with\s*MAML.*steps\s*\d.*loss at the end\s*\d", re.DOTALL)
    )
    page.get_by_text("Settings of the method").click()
    expect(page.locator(".settings")).to_contain_text(another)
    expect(page.locator(".settings div").filter(has_text="Adaptation steps")).to_contain_text("7")
    visitor.ask(query("snail"))
    page.get_by_role("link", name="My classifiers").click()
    expect(page.locator(".made")).to_contain_text("with MAML")


def test_another_kind_has_methods_of_its_own(visitor: Visitor, another: str) -> None:
    page = visitor.page
    visitor.teach("anchor", "snail")
    summary = page.locator(".methods > summary")
    expect(summary).to_be_visible()
    page.locator("#kind-photos").check()
    expect(choice(visitor, another)).to_have_count(0)
    page.locator("#kind-characters").check()
    expect(choice(visitor, another)).to_have_count(1)


def test_a_method_is_chosen_by_keyboard(visitor: Visitor, another: str) -> None:
    page = visitor.page
    visitor.teach("anchor", "snail")
    expect(visitor.button("Learn")).to_be_enabled()
    tab_to(page, page.locator(".methods > summary").inner_text())
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".methods input:checked")).not_to_have_value("characters")
    expect(page.locator(".methods > summary")).not_to_contain_text("Prototypical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_unfolded_choice_fits_a_small_phone_and_reads_well(
    visitor: Visitor, another: str, scheme: Literal["light", "dark"]
) -> None:
    page = visitor.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    visitor.teach("anchor", "snail")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.reload()
        page.get_by_text("How it learns:").click()
        page.get_by_text("Advanced:").click()
        assert problems(page) == []
