"""Turn an uploaded file into clean pixels, in a helper process that may crash without harm.

A process that takes pictures keeps helpers (see ``decoder``), started when a picture comes and ended when none has
come for a few seconds. They alone touch the bytes that strangers send. Large pictures have a helper to themselves, so
that nobody's small one waits for seconds; before each, owners take turns.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from mlcore.data import picture_formats
from webapp.core.errors import UserError
from webapp.pictures.turns import TurnLock

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from webapp.pictures.decoder import main; main()"
"""Isolated from the environment and from the folder it is started in, the helper is told where the code lies."""
MEGABYTE = 1024 * 1024
BUSY_SECONDS = 60
"""When to try again on a machine that is too busy."""


@dataclass(frozen=True)
class Picture:
    """Re-encoded pixels, a thumbnail, and what was seen while decoding; ink: as ``mlcore.data.ink`` describes it."""

    file: bytes
    thumbnail: bytes
    suffix: str
    pixel_digest: str
    width: int
    height: int
    ink: dict[str, float] | None
    is_animated: bool

    @property
    def bytes(self) -> int:
        """Return the bytes that storing the picture takes."""
        return len(self.file) + len(self.thumbnail)


@dataclass(frozen=True)
class Cost:
    """What decoding took, refused pictures included: seconds of a processor, and pixels."""

    seconds: float = 0.0
    pixels: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.pixels + other.pixels)


class HelperLost(Exception):
    """The helper ended without an answer: it crashed, ran out of memory, or took too much of a processor."""


class TookTooLong(HelperLost):
    """The helper was ended for taking too long by the clock, though it had not taken too much of a processor."""


class MoreThanNow(UserError):
    """A picture has more pixels than may be decoded now."""


class Helper:
    """A decoding process of this process: one picture at a time, at most one process.

    side: the limit that bounds the longest side of what is kept of a picture. niceness: how far the process gives way
    to others on this machine, at least.
    """

    def __init__(self, *, side: str = "stored_side", niceness: int = 0) -> None:
        self._side = side
        self._niceness = niceness
        self._lock = TurnLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_used = 0.0

    def decode(
        self, file: File[bytes], *, whose: Hashable, most_pixels: int, charge: Callable[[Cost], None]
    ) -> Picture:
        """Decode one file at its owner's turn, and charge what that cost; raise UserError if it cannot be done."""
        with self._lock.turn(whose):
            process = self._running()
            before = _cpu_seconds(process)
            try:
                answer = self._ask(process, file, most_pixels)
            except (HelperLost, OSError) as error:
                logger.warning("The decoder was lost on a picture of %d bytes: %s", file.size, error)
                charge(Cost(_cpu_seconds(process) - before))
                self._end()
                raise _lost(error) from error
            finally:
                self._last_used = time.monotonic()
        charge(answer.cost)
        return answer.picture()

    def warm(self) -> None:
        """Start the process ahead of the first picture."""
        with self._lock.turn(None):
            self._running()
            self._last_used = time.monotonic()

    def _ask(self, process: subprocess.Popen[bytes], file: File[bytes], most_pixels: int) -> Answer:
        """Send one file, and read the answer within the time a picture may take."""
        struck = threading.Event()

        def strike() -> None:
            struck.set()
            process.kill()

        watchdog = threading.Timer(settings.GLIMPSE_LIMITS["decode_wall_seconds"], strike)
        watchdog.daemon = True
        watchdog.start()
        try:
            _send(cast(IO[bytes], process.stdin), file, most_pixels)
            return _receive(cast(IO[bytes], process.stdout))
        except (HelperLost, OSError) as error:
            if struck.is_set():
                raise TookTooLong("no answer in time") from error
            raise
        finally:
            watchdog.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        """Return the process, started if there is none."""
        if self._process is None or self._process.poll() is not None:
            self._end()
            command = [sys.executable, "-I", "-c", START, str(ROOT), json.dumps(self._limits())]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            threading.Thread(target=self._retire, args=(self._process,), daemon=True, name="decoder-idle").start()
        return self._process

    def _limits(self) -> dict[str, int]:
        """Return the limits that the process works under."""
        names = ("picture_pixels", "thumbnail_side", "decoder_bytes", "decode_seconds")
        return {name: settings.GLIMPSE_LIMITS[name] for name in names} | {
            "stored_side": settings.GLIMPSE_LIMITS[self._side],
            "niceness": self._niceness,
        }

    def _retire(self, process: subprocess.Popen[bytes]) -> None:
        """End the process once no picture has come for a while."""
        idle = settings.GLIMPSE_LIMITS["decoder_idle_seconds"]
        while True:
            time.sleep(idle / 4)
            with self._lock.turn(None):
                if self._process is not process:
                    return
                if time.monotonic() - self._last_used >= idle:
                    self._end()
                    return

    def _end(self) -> None:
        """End the process, if there is one, and wait until it is gone."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.communicate()


helper, large_helper = Helper(niceness=5), Helper(niceness=10)
"""Those of this process: for pictures such as people take, and for those of more pixels."""


def read_picture(
    file: File[bytes],
    *,
    by: Helper | None = None,
    whose: Hashable = None,
    most_pixels: int | None = None,
    charge: Callable[[Cost], None] = lambda cost: None,
) -> Picture:
    """Decode one uploaded file; raise a UserError that says why it cannot be used.

    by: the helper for all pictures, where it is not to be chosen by their pixels. whose: by whom turns are taken.
    most_pixels: what is left of those that a request may bring. charge: takes what it cost.
    """
    limit = settings.GLIMPSE_LIMITS["picture_bytes"]
    if file.size > limit:
        raise UserError("too_large", _("This file is larger than %(n)d MB.") % {"n": limit // MEGABYTE})
    if not file.size:
        raise UserError("unusable_picture", _("This file is empty."))
    left = settings.GLIMPSE_LIMITS["picture_pixels"] if most_pixels is None else most_pixels
    if by is not None:
        return by.decode(file, whose=whose, most_pixels=left, charge=charge)
    quick = min(left, settings.GLIMPSE_LIMITS["quick_pixels"])
    try:
        return helper.decode(file, whose=whose, most_pixels=quick, charge=charge)
    except MoreThanNow:
        if quick == left:
            raise
    return large_helper.decode(file, whose=whose, most_pixels=left, charge=charge)


@dataclass(frozen=True)
class Answer:
    """What a helper says of one picture: what was seen, or why it is refused; the bodies; what it cost."""

    facts: dict[str, Any]
    bodies: list[bytes]
    cost: Cost

    def picture(self) -> Picture:
        """Return the picture; raise UserError if it is refused."""
        if "refused" in self.facts:
            raise _refusal(self.facts["refused"])
        file, thumbnail = self.bodies
        facts = {name: value for name, value in self.facts.items() if name != "format"}
        return Picture(file=file, thumbnail=thumbnail, suffix=picture_formats.suffix_of(self.facts["format"]), **facts)


def _send(stdin: IO[bytes], file: File[bytes], most_pixels: int) -> None:
    """Write the length, the limit and the bytes, a chunk at a time so that a large file is never held whole."""
    stdin.write(f"{file.size} {most_pixels}\n".encode())
    file.seek(0)
    for chunk in file.chunks():
        stdin.write(chunk)
    stdin.flush()


def _receive(stdout: IO[bytes]) -> Answer:
    """Read the answer: a line of JSON, then the encoded picture and its thumbnail."""
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise HelperLost("no answer")
    facts: dict[str, Any] = json.loads(line)
    lengths = facts.pop("lengths", [])
    bodies = [stdout.read(length) for length in lengths]
    if [len(body) for body in bodies] != lengths:
        raise HelperLost("half an answer")
    return Answer(facts, bodies, Cost(**facts.pop("cost")))


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of a processor that a process has taken, until it is waited for; 0 where no system tells."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _lost(error: Exception) -> UserError:
    """Return, in words, why a helper gave no answer."""
    if isinstance(error, TookTooLong):
        message = _("The site is too busy to read this picture now. Try again in a minute.")
        return UserError("too_busy", message, retry_after=BUSY_SECONDS)
    return UserError("unusable_picture", _("This picture could not be decoded; it may be damaged."))


def _refusal(code: str) -> UserError:
    """Return the error, in words, for a code of the helper."""
    if code == "too_many_pixels":
        limit = settings.GLIMPSE_LIMITS["picture_pixels"] // 1_000_000
        return UserError("too_large", _("This picture has more than %(n)d million pixels.") % {"n": limit})
    if code == "more_than_now":
        limit = settings.GLIMPSE_LIMITS["request_pixels"] // 1_000_000
        message = _("The pictures of a request may have %(n)d million pixels together. Send fewer at once.")
        return MoreThanNow("too_large", message % {"n": limit})
    if code == "unknown_type":
        return UserError(
            "unusable_picture", _("This is not a %(formats)s picture.") % {"formats": picture_formats.in_words()}
        )
    if code == "not_installed":
        return UserError("unusable_picture", _("This site cannot read pictures of this format. Send it as a JPEG."))
    if code == "blank":
        return UserError("unusable_picture", _("There is nothing to see in this picture: all of it has one colour."))
    if code == "out_of_memory":
        return UserError("too_large", _("This picture takes too much memory to decode. Send it smaller."))
    return UserError("unusable_picture", _("This picture is damaged or incomplete."))
