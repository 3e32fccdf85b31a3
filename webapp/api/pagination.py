"""Lists come in pages."""

from __future__ import annotations

from ninja import Schema
from ninja.pagination import LimitOffsetPagination
from pydantic import Field

LARGEST_PAGE = 100
FARTHEST_OFFSET = 1_000_000


class Pages(LimitOffsetPagination):
    """``limit`` items from ``offset`` on, with the ``count`` of all."""

    class Input(Schema):
        """Which page."""

        limit: int = Field(50, ge=1, le=LARGEST_PAGE)
        offset: int = Field(0, ge=0, le=FARTHEST_OFFSET)
