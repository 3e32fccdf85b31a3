"""A client of the API with a token, and pictures to send."""

from __future__ import annotations

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image, ImageDraw

from webapp.accounts.models import Owner
from webapp.accounts.tokens import create_token

V1 = "/api/v1"


class ApiClient:
    """Speaks to the API as one owner, or as nobody."""

    def __init__(self, owner: Owner | None) -> None:
        headers = {"Authorization": f"Bearer {create_token(owner=owner)[1]}"} if owner else {}
        self._client = Client(headers=headers)

    def get(self, path: str, **query: Any) -> HttpResponse:
        """Read."""
        return self._client.get(V1 + path, query)

    def post(self, path: str, body: Any = None) -> HttpResponse:
        """Send JSON."""
        return self._client.post(V1 + path, body, content_type="application/json")

    def patch(self, path: str, body: Any) -> HttpResponse:
        """Send changes as JSON."""
        return self._client.patch(V1 + path, body, content_type="application/json")

    def delete(self, path: str) -> HttpResponse:
        """Delete."""
        return self._client.delete(V1 + path)

    def upload(self, path: str, images: list[SimpleUploadedFile], **fields: str) -> HttpResponse:
        """Send pictures as a form would."""
        return self._client.post(V1 + path, {"images": images, **fields})

    def raw(self, method: str, path: str, body: bytes, content_type: str, **headers: str) -> HttpResponse:
        """Send bytes as they are."""
        return self._client.generic(method, V1 + path, body, content_type=content_type, headers=headers)


def picture(name: str = "picture.png", colour: str = "orange", side: int = 32) -> SimpleUploadedFile:
    """Make a picture of one colour with a black corner, lest it be blank."""
    data, image = io.BytesIO(), Image.new("RGB", (side, side), colour)
    image.paste("black", (0, 0, side // 4, side // 4))
    image.save(data, "PNG")
    return SimpleUploadedFile(name, data.getvalue(), content_type="image/png")


def drawing(shape: str, seed: int, name: str = "drawing.png") -> SimpleUploadedFile:
    """Draw a cross or a ring in ink, each time a little elsewhere."""
    sheet = Image.new("L", (105, 105), 255)
    pen, (x, y) = ImageDraw.Draw(sheet), (30 + seed % 5 * 3, 25 + seed % 3 * 5)
    if shape == "ring":
        pen.ellipse((x, y, x + 45, y + 50), outline=0, width=4)
    else:
        pen.line((x, y, x + 45, y + 50), fill=0, width=4)
        pen.line((x + 45, y, x, y + 50), fill=0, width=4)
    data = io.BytesIO()
    sheet.save(data, "PNG")
    return SimpleUploadedFile(name, data.getvalue(), content_type="image/png")


def complaint(response: HttpResponse, status: int) -> dict[str, Any]:
    """Check that this is an error of the API, and return it."""
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert body["code"]
    assert body["message"].strip()
    return body
