"""The helper process of ``reader``: reads pictures on stdin, writes clean pixels to stdout.

Run as a script of its own, away from the site: it imports Pillow and nothing of ours. Its arguments are the limits and
the signatures of the formats that it takes (see ``mlcore.data.picture_formats``), both JSON. For each picture it reads
a line with a length and that many bytes, and answers with a line of JSON: ``{"refused": code}``, or what was seen and
the ``lengths`` of the encoded picture and thumbnail, which follow. It ends when stdin does.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageCms, PngImagePlugin, UnidentifiedImageError

HEIC_HEADER = 1 << 16
JPEG_QUALITY = 90
HINT_SIDE = 96
LEAST_SHARE = 0.6
"""How much of the greatest stored size a JPEG must keep to be decoded small."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Refusal(Exception):
    """The bytes cannot be used; the argument is a code that ``reader`` has a sentence for."""


def main() -> None:
    """Answer pictures until stdin ends."""
    limits: dict[str, int] = json.loads(sys.argv[1])
    signatures: dict[str, str] = json.loads(sys.argv[2])
    bound_memory(limits["decoder_bytes"])
    Image.MAX_IMAGE_PIXELS = limits["picture_pixels"]
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    while line := sys.stdin.buffer.readline():
        data = sys.stdin.buffer.read(int(line))
        answer(data, limits, signatures, sys.stdout.buffer)
        del data


def bound_memory(limit: int) -> None:
    """Bound the memory of the process, in bytes, where the system can hold it to that."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return


def answer(data: bytes, limits: dict[str, int], signatures: dict[str, str], out: BinaryIO) -> None:
    """Write the answer for one picture."""
    try:
        seen, bodies = read(data, limits, signatures)
    except Refusal as refusal:
        seen, bodies = {"refused": str(refusal)}, []
    except MemoryError:
        seen, bodies = {"refused": "out_of_memory"}, []
    out.write(json.dumps(seen).encode() + b"\n")
    for body in bodies:
        out.write(body)
    out.flush()


def read(data: bytes, limits: dict[str, int], signatures: dict[str, str]) -> tuple[dict[str, Any], list[bytes]]:
    """Decode, clean and encode one picture."""
    try:
        with open_picture(data, picture_type(data, signatures), limits["picture_pixels"]) as opened:
            is_animated = getattr(opened, "is_animated", False) and opened.format != "MPO"
            is_lossless = opened.format == "PNG"
            picture = clean(opened, orientation_of(opened, data), limits["stored_side"])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal("too_many_pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, RuntimeError) as error:
        raise Refusal("damaged") from error
    thumbnail = shrunk(picture, limits["thumbnail_side"])
    drawn = looks_drawn(thumbnail)
    kind = "PNG" if drawn and is_lossless else "JPEG"
    bodies = [encode(image, kind) for image in (picture, thumbnail)]
    seen = {
        "format": kind,
        "pixel_digest": pixel_digest(picture),
        "width": picture.width,
        "height": picture.height,
        "looks_drawn": drawn,
        "is_animated": is_animated,
        "lengths": [len(body) for body in bodies],
    }
    return seen, bodies


def pixel_digest(picture: Image.Image) -> str:
    """Return a digest of the decoded pixels, whatever file they came in."""
    return hashlib.sha256(f"{picture.mode} {picture.size} ".encode() + picture.tobytes()).hexdigest()


def open_picture(data: bytes, kind: str, most_pixels: int) -> Image.Image:
    """Open a picture of a type; refuse too many pixels before any is decoded."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    try:
        opened = Image.open(io.BytesIO(data), formats=[kind])
    except UnidentifiedImageError as error:
        raise Refusal("damaged") from error
    if opened.width * opened.height > most_pixels:
        raise Refusal("too_many_pixels")
    return opened


def picture_type(data: bytes, signatures: dict[str, str]) -> str:
    """Return Pillow's name of the type whose signature the first bytes bear; refuse other types."""
    for kind, signature in signatures.items():
        if re.match(signature.encode(), data, re.DOTALL):
            return kind
    raise Refusal("unknown_type")


def orientation_of(opened: Image.Image, data: bytes) -> int:
    """Return the EXIF orientation to be applied; a HEIC that has its own rotation is upright once decoded."""
    if opened.format == "HEIF":
        turned = any(box in data[:HEIC_HEADER] for box in (b"irot", b"imir"))
        return 1 if turned else opened.info.get("original_orientation") or 1
    orientation: int = opened.getexif().get(0x0112, 1)
    return orientation


def clean(opened: Image.Image, orientation: int, side: int) -> Image.Image:
    """Return the first frame upright, in sRGB on white, at most ``side`` pixels long: mode RGB, or L for grey."""
    decode_small(opened, side)
    profile = opened.info.get("icc_profile")
    picture = shrunk(eight_bit(opened), side)
    picture = upright(picture, orientation)
    picture = to_srgb(on_white(picture), profile)
    return grey_if_grey(picture)


def decode_small(opened: Image.Image, side: int) -> None:
    """Decode, a large JPEG at a half, a quarter or an eighth: a fraction of the work, often with no shrinking left."""
    longest = max(opened.size)
    divisor = next((shrink for shrink in (8, 4, 2) if longest / shrink >= side * LEAST_SHARE), 1)
    opened.draft(opened.mode, (max(1, opened.width // divisor), max(1, opened.height // divisor)))
    opened.load()


def eight_bit(picture: Image.Image) -> Image.Image:
    """Return a mode that can be resized and shown; 16 bits a channel are scaled, not clipped."""
    if picture.mode.startswith("I;16"):
        high_byte = slice(0, None, 2) if picture.mode == "I;16B" else slice(1, None, 2)
        return Image.frombytes("L", picture.size, picture.tobytes()[high_byte])
    if picture.mode == "I":
        return picture.point(lambda value: value * (1 / 257)).convert("L")
    if picture.has_transparency_data:
        return picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """Return a copy whose longer side is at most ``side``."""
    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as its EXIF orientation says."""
    turn = TURNS.get(orientation)
    return picture.transpose(turn) if turn is not None else picture


def on_white(picture: Image.Image) -> Image.Image:
    """Lay what is transparent on white paper."""
    if picture.mode not in ("RGBA", "LA"):
        return picture
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the picture's own colour profile, or plainly where it has none that fits."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
                return converted or picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return picture if picture.mode == "L" else picture.convert("RGB")


def grey_if_grey(picture: Image.Image) -> Image.Image:
    """Drop colour channels that hold no colour, so that one drawing has one form."""
    if picture.mode == "RGB" and _is_grey(picture.resize((16, 16), Image.Resampling.NEAREST)) and _is_grey(picture):
        return picture.getchannel("R")
    return picture


def _is_grey(picture: Image.Image) -> bool:
    red, green, blue = (channel.tobytes() for channel in picture.split())
    return red == green == blue


def looks_drawn(picture: Image.Image) -> bool:
    """Guess whether this is ink on plain paper: little colour, most of it one shade, and some of it far from that."""
    small = picture.resize((HINT_SIDE, HINT_SIDE), Image.Resampling.BOX)
    if small.mode == "RGB":
        saturation = small.convert("HSV").getchannel("S").histogram()
        if sum(value * count for value, count in enumerate(saturation)) > 40 * HINT_SIDE**2:
            return False
    shades = small.convert("L").histogram()
    paper = max(range(256), key=lambda shade: sum(shades[max(shade - 12, 0) : shade + 13]))
    on_paper = sum(shades[max(paper - 28, 0) : paper + 29])
    ink = sum(count for shade, count in enumerate(shades) if abs(shade - paper) > 60)
    return on_paper > 0.6 * HINT_SIDE**2 and ink > 0.002 * HINT_SIDE**2


def encode(picture: Image.Image, kind: str) -> bytes:
    """Encode pixels alone, without any metadata."""
    out = io.BytesIO()
    picture.info = {}
    picture.save(out, kind, **({"compress_level": 4} if kind == "PNG" else {"quality": JPEG_QUALITY}))
    return out.getvalue()


if __name__ == "__main__":
    PngImagePlugin.MAX_TEXT_CHUNK = 2**20
    main()
