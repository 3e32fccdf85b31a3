"""The formats that a picture may come in, each described once. Standard library only.

The command line, training and the site read these and no others. Pages, sentences, the API and the one reader
(`reading`) read this list, and tests hold the docs to it: a format that Pillow reads by itself is offered everywhere by
one entry here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PictureFormat:
    """One format.

    name: what people call it. pillow: what Pillow calls it. signature: a regular expression of the bytes that its files
    begin with. mime_types, suffixes: the usual one first. feature: Pillow's name of a part that not every build has.
    """

    name: str
    pillow: str
    signature: str
    mime_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    feature: str = ""


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
        feature="webp",
    ),
    PictureFormat(
        name="HEIC",
        pillow="HEIF",
        signature=r".{4}ftyp(hei[cxms]|hev[cx]|(mif1|msf1)(?!.{4,60}avif))",
        mime_types=("image/heic", "image/heif"),
        suffixes=(".heic", ".heif"),
    ),
    PictureFormat(
        name="AVIF",
        pillow="AVIF",
        signature=r".{4}ftyp(avif|avis|(mif1|msf1).{4,60}avif)",
        mime_types=("image/avif",),
        suffixes=(".avif",),
        feature="avif",
    ),
    PictureFormat(
        name="GIF",
        pillow="GIF",
        signature=r"GIF8[79]a",
        mime_types=("image/gif",),
        suffixes=(".gif",),
    ),
    PictureFormat(
        name="BMP",
        pillow="BMP",
        signature=r"BM",
        mime_types=("image/bmp",),
        suffixes=(".bmp",),
    ),
    PictureFormat(
        name="TIFF",
        pillow="TIFF",
        signature=r"II[*+]\x00|MM\x00[*+]",
        mime_types=("image/tiff",),
        suffixes=(".tif", ".tiff"),
    ),
    PictureFormat(
        name="JPEG 2000",
        pillow="JPEG2000",
        signature=r"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
        mime_types=("image/jp2",),
        suffixes=(".jp2", ".j2k"),
        feature="jpg_2000",
    ),
    PictureFormat(
        name="PGM",
        pillow="PPM",
        signature=r"P[1-6][\s#]",
        mime_types=("image/x-portable-graymap", "image/x-portable-pixmap", "image/x-portable-bitmap"),
        suffixes=(".pgm", ".ppm", ".pbm"),
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


def suffix_of(pillow: str) -> str:
    """Return the usual suffix of a format that Pillow wrote."""
    return next(entry.suffixes[0] for entry in FORMATS if entry.pillow == pillow)


def mime_type_of(suffix: str) -> str:
    """Return the MIME type of a file with this suffix."""
    return next(entry.mime_types[0] for entry in FORMATS if suffix in entry.suffixes)
