"""Turn an uploaded file into clean pixels, in a helper process that may crash without harm.

A process that takes pictures keeps a helper (see ``decoder``), started when a picture comes and ended when none has
come for a few seconds. It alone touches the bytes that strangers send.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from mlcore.data import picture_formats
from webapp.core.errors import UserError

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from webapp.pictures.decoder import main; main()"
"""Isolated from the environment and from the folder it is started in, the helper is told where the code lies."""
MEGABYTE = 1024 * 1024


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


class HelperLost(Exception):
    """The helper ended without an answer: it crashed, ran out of memory, or was ended for taking too long."""


class Helper:
    """The decoding process of this process: one picture at a time, at most one process.

    side: the limit that bounds the longest side of what is kept of a picture.
    """

    def __init__(self, *, side: str = "stored_side") -> None:
        self._side = side
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_used = 0.0

    def decode(self, file: File[bytes]) -> Picture:
        """Decode one file; raise UserError if that cannot be done."""
        with self._lock:
            try:
                return self._ask(self._running(), file)
            except (HelperLost, OSError) as error:
                logger.warning("The decoder was lost on a picture of %d bytes: %s", file.size, error)
                self._end()
                raise UserError(
                    "unusable_picture", _("This picture could not be decoded; it may be damaged.")
                ) from error
            finally:
                self._last_used = time.monotonic()

    def warm(self) -> None:
        """Start the process ahead of the first picture."""
        with self._lock:
            self._running()
            self._last_used = time.monotonic()

    def _ask(self, process: subprocess.Popen[bytes], file: File[bytes]) -> Picture:
        """Send one file, and read the answer within the time a picture may take."""
        watchdog = threading.Timer(settings.GLIMPSE_LIMITS["decode_seconds"], process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            _send(cast(IO[bytes], process.stdin), file)
            return _receive(cast(IO[bytes], process.stdout))
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
        names = ("picture_pixels", "thumbnail_side", "decoder_bytes")
        return {name: settings.GLIMPSE_LIMITS[name] for name in names} | {
            "stored_side": settings.GLIMPSE_LIMITS[self._side]
        }

    def _retire(self, process: subprocess.Popen[bytes]) -> None:
        """End the process once no picture has come for a while."""
        idle = settings.GLIMPSE_LIMITS["decoder_idle_seconds"]
        while True:
            time.sleep(idle / 4)
            with self._lock:
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


helper = Helper()
"""The one of this process."""


def read_picture(file: File[bytes], *, helper: Helper = helper) -> Picture:
    """Decode one uploaded file; raise a UserError that says why it cannot be used."""
    limit = settings.GLIMPSE_LIMITS["picture_bytes"]
    if file.size > limit:
        raise UserError("too_large", _("This file is larger than %(n)d MB.") % {"n": limit // MEGABYTE})
    if not file.size:
        raise UserError("unusable_picture", _("This file is empty."))
    return helper.decode(file)


def _send(stdin: IO[bytes], file: File[bytes]) -> None:
    """Write the length and the bytes, a chunk at a time so that a large file is never held whole."""
    stdin.write(f"{file.size}\n".encode())
    file.seek(0)
    for chunk in file.chunks():
        stdin.write(chunk)
    stdin.flush()


def _receive(stdout: IO[bytes]) -> Picture:
    """Read the answer: a line of JSON, then the encoded picture and its thumbnail."""
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise HelperLost("no answer")
    answer: dict[str, Any] = json.loads(line)
    if "refused" in answer:
        raise _refusal(answer["refused"])
    lengths = answer.pop("lengths")
    file, thumbnail = (stdout.read(length) for length in lengths)
    if [len(file), len(thumbnail)] != lengths:
        raise HelperLost("half an answer")
    suffix = picture_formats.suffix_of(answer.pop("format"))
    return Picture(file=file, thumbnail=thumbnail, suffix=suffix, **answer)


def _refusal(code: str) -> UserError:
    """Return the error, in words, for a code of the helper."""
    if code == "too_many_pixels":
        limit = settings.GLIMPSE_LIMITS["picture_pixels"] // 1_000_000
        return UserError("too_large", _("This picture has more than %(n)d million pixels.") % {"n": limit})
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
