"""What the names in a zip say whose packer did not say how they are written.

The format knows two answers: code page 437, and UTF-8 where a flag says so. Packers of macOS and Linux write UTF-8
without the flag, those of other systems whatever their country's DOS or Windows wrote.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

from mlcore.errors import ZipError

LEGACY = ("cp437", "cp850", "cp932", "gb18030", "big5hkscs", "cp949", "cp866", "cp1252", "cp1251")
"""What packers write that do not write UTF-8; of two that are as likely, the first is taken."""
JUDGED_BYTES = 1 << 15
"""How much of all names is judged by its letters; the encoding has to decode all."""
_FAMILIES = {codecs.lookup(family).name: name for name in LEGACY for family in (name, name.removesuffix("hkscs"))}
"""A detector may name an encoding by the smaller one that it grew from."""
_SCRIPTS_THAT_STAND_ALONE = frozenset({"LATIN", "CYRILLIC", "GREEK"})
_WORD = re.compile(r"[^\W\d_]+")


def encoding_of(names: Iterable[bytes]) -> str:
    """Return the encoding that all names of one zip are written in: UTF-8 if they decode, else the likeliest older one.

    Raise ZipError where it takes chardet to tell and that is not installed.
    """
    names = list(names)
    separator = "/" if any(b"/" in name for name in names) else "\\"
    parts = sorted({part for name in names for part in name.split(b"/") if not part.isascii()})
    if all(_decodes(part, "utf-8") for part in parts):
        return "utf-8"
    possible = [name for name in LEGACY if all(_decodes(part, name) for part in parts)]
    sample = [part for part, size in zip(parts, accumulate(map(len, parts)), strict=True) if size <= JUDGED_BYTES]
    sample = sample or [min(parts, key=len)]
    confidence = _confidence(b"\n".join(sample))
    texts = {name: [part.decode(name).replace(separator, " ") for part in sample] for name in possible}
    return min(texts, key=lambda name: (_oddness(texts[name]), -confidence.get(name, 0.0)))


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _confidence(text: bytes) -> dict[str, float]:
    """Return how likely the text is of each encoding, by its pairs of letters."""
    try:
        from chardet import detect_all  # a zip of plain names, or of UTF-8, needs none
    except ImportError as error:
        raise ZipError(
            "Its names are written as older systems did; `pip install chardet` lets them be read."
        ) from error
    guesses = detect_all(text, include_encodings=LEGACY, ignore_threshold=True)
    return {_FAMILIES[codecs.lookup(guess["encoding"] or "cp437").name]: guess["confidence"] for guess in guesses}


def _oddness(names: Iterable[str]) -> int:
    """Count the names that people hardly write: with signs beyond letters, or letters of scripts that never mix."""
    return sum(_has_signs(name) + _mixes_scripts(name) for name in names)


def _has_signs(name: str) -> bool:
    """Return whether a name holds a sign beyond ASCII, or a backslash, which is likelier half a character."""
    return any(c == "\\" or not (c.isascii() or c.isalpha() or unicodedata.category(c)[0] == "M") for c in name)


def _mixes_scripts(name: str) -> bool:
    """Return whether a word of a name mixes scripts."""
    scripts = [{unicodedata.name(c, "?").split()[0] for c in word if c.isalpha()} for word in _WORD.findall(name)]
    return any(len(mixed) > 1 and not mixed.isdisjoint(_SCRIPTS_THAT_STAND_ALONE) for mixed in scripts)
