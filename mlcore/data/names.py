"""Names of classes, of people and of what holds them: one spelling for what looks the same. Standard library only."""

import os
import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from pathlib import PurePosixPath

SPLITS = ("train", "val", "test")
"""The splits of a data set: classes to train on, to validate on, and to test on."""
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e007f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
"""Soft hyphen, zero-width space, word joiner, byte order mark, fillers, and marks that turn the direction of text."""
_TAKEN_OUT = re.compile(f"(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[{_INVISIBLE}]+")
"""What is invisible, but for the tags by which a black flag becomes that of a country."""
_TWO_FACED = (
    "©®‼⁉™ℹ↔-↙↩↪⌨⏏⏭-⏯⏱⏲⏸-⏺Ⓜ▪▫▶◀◻◼☀-☄☎☑☘☝☠☢☣☦☪☮☯☸-☺♀♂♟♠♣♥♦♨♻♾⚒⚔-⚗⚙⚛⚜⚠⚧⚰⚱⛈⛏⛑⛓⛩⛰⛱⛴⛷-⛹✂✈✉✌✍✏✒✔✖✝✡✳✴❄❇❣❤➡⤴⤵⬅-⬇〰〽㊗㊙"
    "🅰🅱🅾🅿🈂🈷🌡🌤-🌬🌶🍽🎖🎗🎙-🎛🎞🎟🏋-🏎🏔-🏟🏳🏵🏷🐿👁📽🕉🕊🕯🕰🕳-🕹🖇🖊-🖍🖐🖥🖨🖱🖲🖼🗂-🗄🗑-🗓🗜-🗞🗡🗣🗨🗯🗳🗺🛋🛍-🛏🛠-🛥🛩🛰🛳"
)
"""What is text alone and an emoji with a selector after it (Unicode's emoji-variation-sequences.txt)."""
_IDEOGRAPHS = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MONGOLIAN_LETTERS = "\u1820-\u1878\u1880-\u18aa"
_IDLE_SELECTORS = re.compile(
    f"(?<![{_TWO_FACED}])(?<![0-9#*](?=\ufe0f\u20e3))[\ufe0e\ufe0f]|[\ufe03-\ufe0d]"
    f"|(?<![{_IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    f"|(?<![{_MONGOLIAN_LETTERS}])[\u180b-\u180d\u180f]"
)
"""Selectors of a shape after what has no other: two-faced emoji, keycaps, ideographs and Mongolian letters have."""
_JOINERS = frozenset("\u180e\u200c\u200d")
_CURSIVE = ("ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN", "PHAGS-PA", "ADLAM")
_VIRAMA = 9  # canonical combining class of the signs that bind consonants of Indic scripts


def clean(text: str) -> str:
    """Return a name in NFC, with single spaces, and without what cannot be seen; it may turn out empty.

    Zero-width joiners stay where they change what is seen: in scripts that join their letters, and in emoji. So do
    variation selectors: after emoji that are text as well, ideographs and Mongolian letters.
    """
    composed = unicodedata.normalize("NFC", _TAKEN_OUT.sub(r"\1", text))
    composed = unicodedata.normalize("NFC", _IDLE_SELECTORS.sub("", composed))
    if not _JOINERS.isdisjoint(composed):
        composed = unicodedata.normalize("NFC", _without_idle_joiners(composed))
    return " ".join(composed.split())


def clean_path(path: str) -> PurePosixPath:
    """Return a path whose every part is a clean name; a part in which nothing can be seen goes."""
    return PurePosixPath(*(("/",) if path.startswith("/") else ()), *map(clean, path.split("/")))


def _without_idle_joiners(text: str) -> str:
    """Take the joiners out that join nothing."""
    around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return "".join(middle for before, middle, after in around if middle not in _JOINERS or _joins(before, after))


def _joins(before: str, after: str) -> bool:
    """Return whether a joiner between two characters changes how they look (after UAX 31, rules A1, A2 and B)."""
    if _VIRAMA in (unicodedata.combining(before), unicodedata.combining(after)):
        return True
    return all(_is_cursive(side) for side in (before, after)) or (_is_emoji(before) and _is_emoji(after))


def _is_cursive(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_CURSIVE)


def _is_emoji(character: str) -> bool:
    return character == "\ufe0f" or unicodedata.category(character) in ("So", "Sk")


def class_names(folders: Iterable[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Tell which of the folders that hold files are classes, and name each.

    Each is the class of its own files, but for one around all others, and those called train, val or test around some.
    A class is named by its folder's clean name, and by the folders around it where several share that: so it has one
    name however it is wrapped, and whatever its split, as no class is to be in two. Folders that only what cannot be
    seen tells apart, down from the root, are one class.
    """
    ordered = sorted(set(folders), key=lambda folder: folder.parts)
    above = [outer for outer, inner in pairwise(ordered) if inner.parts[: len(outer.parts)] == outer.parts]
    around_all = PurePosixPath(os.path.commonpath(ordered)) if ordered else None
    passed_over = {folder for folder in above if folder == around_all or folder.name in SPLITS}
    paths = {folder: _without_splits(clean_path(str(folder))) for folder in ordered if folder not in passed_over}
    namesakes: dict[str, set[PurePosixPath]] = {}
    for path in paths.values():
        namesakes.setdefault(path.name, set()).add(path)
    shared = {name: _depth_shared(alike) for name, alike in namesakes.items()}
    return {folder: "/".join(path.parts[shared[path.name] :]) for folder, path in paths.items()}


def _without_splits(folder: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*(part for part in folder.parts[:-1] if part not in SPLITS), folder.name)


def _depth_shared(alike: set[PurePosixPath]) -> int:
    """Count the outer folders that all of one name have in common."""
    in_common = len(PurePosixPath(os.path.commonpath(alike)).parts)
    return min(in_common, *(len(path.parts) - 1 for path in alike))
