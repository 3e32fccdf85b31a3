"""Names of any script are taken in NFC, without what cannot be seen; what is then no name is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import refused
from webapp.core.errors import UserError
from webapp.pictures.names import clean_name, display_file_name


@given(st.text(max_size=100))
def test_a_name_is_clean_or_refused_in_words(text: str) -> None:
    try:
        name = clean_name(text)
    except UserError:
        return
    assert 1 <= len(name) <= 64
    assert name == unicodedata.normalize("NFC", name) == name.strip()
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name", ["Robin", "ヒヨコ", "Ελιά", "לחם", "خبز", "नीम", "🦆", "a<b>&'\"", "x" * 64, "می‌خواهم", ".", ".."]
)
def test_names_of_any_script_are_taken(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name", ["", "   ", "\u200d", "\u200b\ufeff", "\u2066", "\ufe0f\U000e0100", "x" * 65, "a\0b", "a\ud800"]
)
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with refused("invalid_name"):
        clean_name(name)


def test_what_cannot_be_seen_is_taken_out_before_it_is_counted() -> None:
    assert clean_name("\ufeffabc\u202edef" + "\u200b" * 64) == "abcdef"


@given(st.text(max_size=400))
def test_a_file_name_can_always_be_shown(text: str) -> None:
    shown = display_file_name(text)
    assert 1 <= len(shown) <= 255
    assert "/" not in shown
    shown.encode()


def test_a_file_name_keeps_its_script() -> None:
    assert display_file_name("C:\\bilder\\e\u0301te\u0301 می‌خواهم\u200b.png") == "été می‌خواهم.png"
