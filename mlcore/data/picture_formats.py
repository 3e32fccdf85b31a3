"""The formats that a picture may come in, each described once. Standard library only.

Pages, sentences, the API and the decoder of the site read this list, and tests hold the docs to it: a format that
Pillow reads by itself is offered everywhere by one entry here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PictureFormat:
    """One format.

    name: what people call it. pillow: what Pillow calls it. signature: a regular expression of the bytes that its files
    begin with. mime_types, suffixes: the usual one first.
    """

    name: str
    pillow: str
    signature: str
    mime_types: tuple[str, ...]
    suffixes: tuple[str, ...]


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat(
        name="JPEG",
        pillow="JPEG",
        signature=r"\xff\xd8\xff",
        mime_types=("image/jpeg",),
        suffixes=(".jpg", ".jpeg"),
    ),
    PictureFormat(
        name="PNG",
        pillow="PNG",
        signature=r"\x89PNG\r\n\x1a\n",
        mime_types=("image/png",),
        suffixes=(".png",),
    ),
    PictureFormat(
        name="WebP",
        pillow="WEBP",
        signature=r"RIFF.{4}WEBP",
        mime_types=("image/webp",),
        suffixes=(".webp",),
    ),
    PictureFormat(
        name="HEIC",
        pillow="HEIF",
        signature=r".{4}ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)",
        mime_types=("image/heic", "image/heif"),
        suffixes=(".heic", ".heif"),
    ),
)


def in_words(conjunction: str = "or") -> str:
    """Return the names in a row, as a sentence has them."""
    *names, last = (entry.name for entry in FORMATS)
    return f"{', '.join(names)} {conjunction} {last}"


def accept() -> str:
    """Return what the `accept` attribute of a file input takes; suffixes too, as few systems know every MIME type."""
    mime_types = [mime_type for entry in FORMATS for mime_type in entry.mime_types]
    return ",".join([*mime_types, *(suffix for entry in FORMATS for suffix in entry.suffixes)])


def signatures() -> dict[str, str]:
    """Return the signature of each format under Pillow's name of it."""
    return {entry.pillow: entry.signature for entry in FORMATS}


def suffix_of(pillow: str) -> str:
    """Return the usual suffix of a format that Pillow wrote."""
    return next(entry.suffixes[0] for entry in FORMATS if entry.pillow == pillow)


def mime_type_of(suffix: str) -> str:
    """Return the MIME type of a file with this suffix."""
    return next(entry.mime_types[0] for entry in FORMATS if suffix in entry.suffixes)
