"""Photos are made small before they are sent: as JPEG, unless something in them is transparent."""

from __future__ import annotations

import base64

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.recognition.pictures import encoded, photo
from tests.stack import ROOT

pytestmark = pytest.mark.requires_chromium
SCRIPT = ROOT / "webapp" / "core" / "static" / "glimpse" / "shrink.js"
SHRINK = """async ([script, picture, type]) => {
  const { shrink } = await import(`data:text/javascript;base64,${script}`);
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const small = await shrink(new File([bytes], "picture", { type }));
  const { width, height } = await createImageBitmap(small);
  return [small.type, width, height];
}"""


def with_a_hole() -> Image.Image:
    picture = photo(2000, 1500).convert("RGBA")
    picture.paste((0, 0, 0, 0), (500, 500, 600, 600))
    return picture


@pytest.mark.parametrize(
    ("picture", "kind", "sent"),
    [
        (photo(2000, 1500), "JPEG", ["image/jpeg", 1600, 1200]),
        (photo(2000, 1500), "WEBP", ["image/jpeg", 1600, 1200]),
        (photo(1501, 2003).convert("RGBA"), "PNG", ["image/jpeg", 1199, 1600]),
        (with_a_hole(), "PNG", ["image/png", 1600, 1200]),
        (with_a_hole(), "WEBP", ["image/png", 1600, 1200]),
        (photo(300, 200), "PNG", ["image/png", 300, 200]),
    ],
    ids=["a photo", "a WebP", "a PNG without a hole", "a PNG with one", "a WebP with one", "a small one"],
)
def test_what_is_large_is_sent_as_jpeg_unless_something_is_transparent(
    browser: Browser, picture: Image.Image, kind: str, sent: list[object]
) -> None:
    script, content = (base64.b64encode(data).decode() for data in (SCRIPT.read_bytes(), encoded(picture, kind)))
    page = browser.new_page()
    assert page.evaluate(SHRINK, [script, content, f"image/{kind.lower()}"]) == sent
    page.close()
