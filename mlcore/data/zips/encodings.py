"""What the names in a zip say whose packer did not say how they are written.

The format knows two answers: code page 437, and UTF-8 where a flag says so. Packers of macOS and Linux write UTF-8
without the flag, those of other systems whatever their country's DOS or Windows wrote.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, product

from mlcore.errors import ZipError

COMMON = ("cp437", "cp850", "cp932", "gb18030", "big5hkscs", "cp949", "cp866", "cp1252", "cp1251")
"""What most packers write that do not write UTF-8; of two that are as likely, the first is taken."""
RARER = (
    *("cp852", "cp1250", "cp857", "cp1254", "cp737", "cp1253", "koi8-r", "koi8-u", "cp855", "cp1125"),
    *("cp775", "cp1257", "cp862", "cp1255", "cp720", "cp1256", "cp874", "euc_jis_2004"),
)
"""What else packers write; it has to be likelier than what is common."""
LEGACY = COMMON + RARER
JUDGED_BYTES = 1 << 15
"""How much of all names is judged by its letters; the encoding has to decode all."""
_RARITY = 2.0
"""How many times likelier."""
_FAMILIES = {codecs.lookup(family).name: name for name in LEGACY for family in (name, name.removesuffix("hkscs"))}
"""A detector may name an encoding by the smaller one that it grew from."""
_NO_CHANCE = 3
"""How many characters are hardly UTF-8 by chance."""
_SCRIPTS_THAT_STAND_ALONE = frozenset({"LATIN", "CYRILLIC", "GREEK"})
_CASES = {
    **dict.fromkeys(product((False, True), repeat=3), " "),
    (True, False, True): "a",
    (True, False, False): "é",
    (False, True, True): "A",
    (False, True, False): "É",
}
_ODD_CAPITALS = re.compile("[aé]É|éA|[AÉ]É[aé]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Spelling:
    """How the names in one zip are written. is_mixed: those that are UTF-8 are UTF-8, and the others are not."""

    encoding: str
    is_mixed: bool = False

    def decode(self, name: bytes) -> str:
        """Return what a name says."""
        return name.decode("utf-8" if self.is_mixed and _decodes(name, "utf-8") else self.encoding)


def spelling_of(names: Iterable[bytes]) -> Spelling:
    """Return how the names of one zip are written: in UTF-8 if they decode, else in the likeliest older encoding.

    Where tools of two kinds filled a zip, some names are UTF-8 and the others are not: so it is if that makes fewer
    names odd, or as many though most are UTF-8, which a short word of Russian or Chinese may be by chance.
    Raise ZipError where it takes chardet to tell and that is not installed.
    """
    names = sorted({name for name in names if not name.isascii()})
    modern = [name.decode() for name in names if _decodes(name, "utf-8")]
    if len(modern) == len(names):
        return Spelling("utf-8")
    oddness, encoding = _likeliest(names)
    if not modern:
        return Spelling(encoding)
    oddness_of_others, encoding_of_others = _likeliest([name for name in names if not _decodes(name, "utf-8")])
    n_characters = sum(not character.isascii() for character in "".join(modern))
    is_by_chance = n_characters < _NO_CHANCE or 2 * len(modern) <= len(names)
    n_unassigned = sum(any(unicodedata.category(character) == "Co" for character in name) for name in modern)
    if (oddness_of_others + n_unassigned, is_by_chance) <= (oddness, False):
        return Spelling(encoding_of_others, is_mixed=True)
    return Spelling(encoding)


def _likeliest(names: list[bytes]) -> tuple[int, str]:
    """Return how many names are odd in the likeliest older encoding, and that encoding."""
    separator = "/" if any(b"/" in name for name in names) else "\\"
    parts = sorted({part for name in names for part in name.split(b"/") if not part.isascii()})
    possible = [name for name in LEGACY if all(_decodes(part, name) for part in parts)]
    sample = [part for part, size in zip(parts, accumulate(map(len, parts)), strict=True) if size <= JUDGED_BYTES]
    sample = sample or [min(parts, key=len)]
    confidence = _confidence(b"\n".join(sample))
    texts = {name: [part.decode(name).replace(separator, " ") for part in sample] for name in possible}
    weight = {name: confidence.get(name, 0.0) / (_RARITY if name in RARER else 1) for name in possible}
    oddness = {name: _oddness(texts[name]) for name in possible}
    encoding = min(possible, key=lambda name: (oddness[name], -weight[name]))
    return oddness[encoding], encoding


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
    guesses = detect_all(text, include_encodings=LEGACY, ignore_threshold=True, compat_names=False)
    return {_FAMILIES[codecs.lookup(guess["encoding"] or "cp437").name]: guess["confidence"] for guess in guesses}


def _oddness(names: Iterable[str]) -> int:
    """Count the names that people hardly write: with signs, or letters of scripts or cases that never mix."""
    return sum(_has_signs(name) + _mixes_scripts(name) + _mixes_cases(name) for name in names)


def _has_signs(name: str) -> bool:
    """Return whether a name holds a sign beyond ASCII, or a backslash, which is likelier half a character."""
    return any(c == "\\" or not (c.isascii() or c.isalpha() or unicodedata.category(c)[0] == "M") for c in name)


def _mixes_scripts(name: str) -> bool:
    """Return whether a word of a name mixes scripts."""
    scripts = [{unicodedata.name(c, "?").split()[0] for c in word if c.isalpha()} for word in _WORD.findall(name)]
    return any(len(mixed) > 1 and not mixed.isdisjoint(_SCRIPTS_THAT_STAND_ALONE) for mixed in scripts)


def _mixes_cases(name: str) -> bool:
    """Return whether capitals stand where people put none; letters of ASCII stand anyhow, as in names of programs."""
    return bool(_ODD_CAPITALS.search("".join(_CASES[c.islower(), c.isupper(), c.isascii()] for c in name)))
