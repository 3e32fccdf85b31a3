"""How much an owner may have decoded: pictures at once, pixels a request, seconds and pixels a minute."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from webapp.accounts import services as accounts
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.pictures import reader
from webapp.pictures.reader import Cost, Picture

SPENT_AT_LEAST = 0.25
"""Seconds of decoding that are written down together, so that small pictures do not cost a write each."""
AGAIN_SECONDS = 2
"""When to try again while too much is on its way."""
_guard = threading.Lock()
_in_flight: Counter[UUID] = Counter()


@contextmanager
def place_in_flight(owner: Owner) -> Iterator[None]:
    """Count an upload of an owner for the block; raise UserError if this process has as many on their way as may be."""
    limit = settings.GLIMPSE_LIMITS["uploads_at_once"]
    with _guard:
        if _in_flight[owner.pk] >= limit:
            message = _("%(n)d of your uploads are on their way already. Send the next when one has arrived.")
            raise UserError("too_often", message % {"n": limit}, retry_after=AGAIN_SECONDS)
        _in_flight[owner.pk] += 1
    try:
        yield
    finally:
        with _guard:
            _in_flight[owner.pk] -= 1
            if not _in_flight[owner.pk]:
                del _in_flight[owner.pk]


class Decoding:
    """The decoding of the pictures of one request, or of one step of an import, at the cost of its owner."""

    def __init__(self, owner: Owner, *, share: float = 1.0) -> None:
        self._owner, self._share = owner, share
        self._pixels_left = settings.GLIMPSE_LIMITS["request_pixels"]
        self._unwritten = Cost()

    def read(self, file: File[bytes]) -> Picture:
        """Decode a picture; raise UserError if it cannot be used, or if the owner is to wait first."""
        self._require_time()
        try:
            return reader.read_picture(file, whose=self._owner.pk, most_pixels=self._pixels_left, charge=self._charge)
        finally:
            if self._unwritten.seconds >= SPENT_AT_LEAST:
                self.write_down()

    def write_down(self) -> None:
        """Count what was decoded and not counted yet."""
        cost, self._unwritten = self._unwritten, Cost()
        if cost.pixels or cost.seconds:
            accounts.charge(owner=self._owner, amounts=_amounts(cost))

    def _charge(self, cost: Cost) -> None:
        self._pixels_left -= cost.pixels
        self._unwritten += cost

    def _require_time(self) -> None:
        """Raise UserError, with the seconds to wait, if what may be decoded in a minute is used up."""
        if wait := accounts.seconds_to_wait(owner=self._owner, names=_amounts(Cost()), share=self._share):
            message = _("Your pictures took all the time that there is for them in a minute. Go on in %(n)d seconds.")
            raise UserError("too_often", message % {"n": wait}, retry_after=wait)


@contextmanager
def decoding(owner: Owner, *, share: float = 1.0) -> Iterator[Decoding]:
    """Let the pictures of an upload be decoded in the block, and count what it cost, whatever became of them.

    share: of what the owner has a minute, 0 to 1, for what is to leave them something for other things.
    """
    started = Decoding(owner, share=share)
    try:
        yield started
    finally:
        started.write_down()


def _amounts(cost: Cost) -> dict[str, int]:
    """Return a cost in the units of the limits, by their names."""
    return {
        "decoding_ms_per_minute": round(cost.seconds * 1000),
        "decoding_kilopixels_per_minute": round(cost.pixels / 1000),
    }
