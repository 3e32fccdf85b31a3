"""Names that look the same are spelt the same, and folders of one name are told apart by those around them."""

import os
import unicodedata
from pathlib import PurePath, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.data.names import class_names, clean, clean_path

JOINERS_AND_COMPANY = (
    "\u200c\u200d\u180e\u034f\u0301\u094d\u0915\u06cc\u200b\ufe0f\U0001f469\U0001f3f4\U000e0067e "
    "\u2764\u20e31\u180b\u1820\u732b\U000e0100"
)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(JOINERS_AND_COMPANY)), max_size=20))
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    name = clean(text)
    assert clean(name) == name == unicodedata.normalize("NFC", name) == name.strip()


@pytest.mark.parametrize(
    "mark",
    [
        *"\u200b\u00ad\u2060\ufeff\u200e\u200f\u061c\u202a\u202e\u2066\u2069\u200c\u200d\u034f\u3164\U000e0041",
        *"\ufe00\ufe05\ufe0e\ufe0f\U000e0100\U000e01ef\u180b\u180d\u180f",
    ],
)
def test_what_cannot_be_seen_is_taken_out(mark: str) -> None:
    assert clean(f"{mark}Kat{mark}ze{mark}") == "Katze"


def test_letters_are_composed_even_across_what_was_taken_out() -> None:
    assert clean("e\u0301te\u200b\u0301") == "\u00e9t\u00e9"


def test_white_space_is_one_space() -> None:
    assert clean(" a \t\u00a0b\n") == "a b"


@pytest.mark.parametrize(
    "name",
    [
        "می‌خواهم",
        "क्‍ष",
        "र‍्य",
        "👩‍🚀",
        "👨‍👩‍👧",
        "❤️‍🔥",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_joiners_that_change_what_is_seen_stay(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize(
    "name", ["❤\ufe0f", "1\ufe0f\u20e3", "👁\ufe0f\u200d🗨\ufe0f", "葛\U000e0100", "神\ufe00", "\u182d\u180b\u1820"]
)
def test_selectors_that_change_what_is_seen_stay(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cafe\ufe0f\u0301", "café"),
        ("1\ufe0f", "1"),
        ("1\ufe0e\u20e3", "1\u20e3"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f"),
        ("❤\u200b\ufe0f", "❤\ufe0f"),
        ("⭐\ufe0f", "⭐"),
        ("葛\ufe0f", "葛"),
        ("\u1820\U000e0100", "\u1820"),
    ],
)
def test_selectors_that_select_nothing_are_taken_out(text: str, name: str) -> None:
    assert clean(text) == name


def test_a_path_is_cleaned_part_by_part() -> None:
    assert clean_path("a\u200b/ e\u0301 /1.png") == PurePosixPath("a/é/1.png")
    assert clean_path("/a").is_absolute()


def named(*folders: str) -> dict[str, str]:
    names = class_names(map(PurePosixPath, folders))
    return {str(folder): name for folder, name in names.items()}


def test_folders_that_differ_by_their_normal_form_below_different_ones_are_two_classes() -> None:
    assert named("north/\u00e9te\u0301", "south/e\u0301t\u00e9") == {
        "north/\u00e9te\u0301": "north/été",
        "south/e\u0301t\u00e9": "south/été",
    }


def test_folders_that_differ_by_their_normal_form_alone_are_one_class() -> None:
    assert set(named("t\u00e9", "te\u0301").values()) == {"té"}
    assert set(named("cat", "ca\ufe0ft").values()) == {"cat"}


def test_a_class_has_one_name_however_it_is_wrapped() -> None:
    assert named("mine/kite", "mine/wave") == {"mine/kite": "kite", "mine/wave": "wave"}
    assert named("mine/a/kite", "mine/b/kite") == {"mine/a/kite": "a/kite", "mine/b/kite": "b/kite"}
    assert named("train/kite", "val/kite") == {"train/kite": "kite", "val/kite": "kite"}


def test_every_folder_with_files_is_a_class() -> None:
    assert named("cats", "cats/more", "dogs") == {"cats": "cats", "cats/more": "more", "dogs": "dogs"}
    assert named("a/kite", "a/kite/kite", "b") == {"a/kite": "kite", "a/kite/kite": "kite/kite", "b": "b"}


def test_a_folder_around_all_is_no_class_and_no_split_is_around_some() -> None:
    assert named("mine", "mine/kite") == {"mine/kite": "kite"}
    assert named("train", "train/kite", "val", "val/kite") == {"train/kite": "kite", "val/kite": "kite"}
    assert named("train", "kite") == {"train": "train", "kite": "kite"}
    assert named("kite") == {"kite": "kite"}
    assert named() == {}


def test_what_the_folders_of_one_name_share_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    shared = os.path.commonpath
    monkeypatch.setattr(os.path, "commonpath", lambda paths: (looked_at.append(len(paths)), shared(paths))[1])
    names = named(*(f"{place}/{bird}" for place in range(100) for bird in ("robin", "wren")))
    assert names["7/wren"] == "7/wren"
    assert sum(looked_at) == 2 * len(names) == 400  # once for all, and once for each name


def test_no_folder_around_a_deep_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "/".join(["a"] * 10_000)
    monkeypatch.delattr(PurePath, "parents")
    assert named(f"{deep}/kite", f"{deep}/wave") == {f"{deep}/kite": "kite", f"{deep}/wave": "wave"}
