"""Bodies of requests: how large one may be, and the reading of it without a thread, at a pace that is demanded."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from typing import IO, Any, cast

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from webapp.core.errors import Refusal
from webapp.front.bounds import Room, Share, TooSlow, Transfer, Transfers, too_busy
from webapp.front.lines import Gone
from webapp.storage import disk

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
MEGABYTE = 1024 * 1024
UPLOADS: dict[str, str] = {
    "admin:checkpoints_checkpoint_import": "upload_bytes",
    "admin:datasets_dataset_add": "dataset_upload_bytes",
    "admin:datasets_dataset_version": "dataset_upload_bytes",
    "api:add_images": "upload_bytes",
    "api:detect": "upload_bytes",
    "api:enrol": "upload_bytes",
    "api:identify": "upload_bytes",
    "api:predict": "upload_bytes",
    "api:verify": "upload_bytes",
    "class_images": "upload_bytes",
    "face_enrol": "upload_bytes",
    "face_identify": "upload_bytes",
    "face_verify": "upload_bytes",
    "predictions": "upload_bytes",
    "support_set_import": "upload_bytes",
}
"""Addresses that take files, by name, and the limit of each; every other one is sent `request_bytes` at most."""
LOOK_EVERY = 8 * MEGABYTE
"""Bytes of a body after which the free disk is looked at again."""
IN_MEMORY = 256 * 1024
"""Bytes of a body that are held in memory; a longer one goes into a file without a name, gone with its process."""


def upload_limit(path: str) -> int:
    """Return how many bytes an address of the site takes as an upload: 0 if it takes none."""
    limit = UPLOADS.get(_view_name(path))
    return settings.GLIMPSE_LIMITS[limit] if limit else 0


def check_sender(path: str, length: int, person: str) -> None:
    """Raise Refusal if somebody without a session sends a large body to a page of staff, before any of it is read."""
    if length > settings.GLIMPSE_LIMITS["request_bytes"] and not person and _view_name(path).startswith("admin:"):
        raise Refusal("too_large", _("Sign in before you send a file to this address."))


def check_length(length: int, upload: int) -> None:
    """Raise Refusal if a body is longer than its address takes, before any of it is read."""
    limit = upload or settings.GLIMPSE_LIMITS["request_bytes"]
    if length > limit:
        message = _("A request to this address may have at most %(n)d MB.") % {"n": max(1, limit // MEGABYTE)}
        raise Refusal("too_large", f"{message} {_('Send fewer pictures at once.')}" if upload else message)


class Bodies:
    """The bodies that are being read or worked on in this process."""

    def __init__(self, limits: dict[str, int]) -> None:
        bounds = {"in_all": limits["bodies_bytes"], "of_address": limits["bodies_bytes_of_address"]}
        self._requests, self._uploads = Room(**bounds), Room(**bounds)
        self._incoming = Transfers(in_all=limits["transfers"], of_address=limits["transfers_of_address"])
        self._limits = limits

    def room(self, length: int) -> Room:
        """Return where a body is counted: uploads never take the room of forms, which are bounded in number besides."""
        return self._uploads if length > self._limits["request_bytes"] else self._requests

    async def read(self, receive: Receive, length: int, share: Share) -> IO[bytes]:
        """Read a whole body into memory or a nameless file; raise Refusal if it is too slow or there is no room."""
        share.room.expect(share, length)
        self._keep_disk_free(length, 0)
        with ExitStack() as stack:
            body = cast(IO[bytes], tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed with its request
            stack.callback(_close, body)
            try:
                with self._incoming.transfer(share.address) as transfer:
                    await self._fill(body, receive, length, transfer, share)
                body.seek(0)
            except TooSlow as error:
                message = _("The request came too slowly. Please send it again, over a better line or in parts.")
                raise Refusal("too_slow", message) from error
            except OSError as error:
                if error.errno in disk.FULL:
                    raise too_busy() from error
                raise
            stack.pop_all()
        return body

    async def _fill(self, body: IO[bytes], receive: Receive, length: int, transfer: Transfer, share: Share) -> None:
        """Read until the body is whole. Bytes put off its end at the pace demanded, and never beyond one silence."""
        seconds, pace = self._limits["transfer_seconds"], self._limits["transfer_bytes_per_second"]
        until, more = transfer.started + seconds, True
        while more:
            message = await transfer.step(_next(receive), until=until)
            if message["type"] != "http.request":
                raise Gone
            chunk = message.get("body", b"")
            share.room.grow(share, len(chunk))
            body.write(chunk)
            until = min(until + len(chunk) / pace, asyncio.get_running_loop().time() + seconds)
            if body.tell() // LOOK_EVERY > (body.tell() - len(chunk)) // LOOK_EVERY:
                self._keep_disk_free(length, body.tell())
            more = message.get("more_body", False)

    def _keep_disk_free(self, length: int, written: int) -> None:
        """Raise Refusal if the rest of a body, and the copy that Django makes of an upload, would fill the disk.

        What other bodies are still to bring is not counted: whoever promised much and sent nothing would stop all.
        """
        copies = 2 if length > self._limits["request_bytes"] else 1
        if length > IN_MEMORY and _free_bytes() - (copies * length - written) < self._limits["free_disk_bytes"]:
            raise too_busy()


class Incoming:
    """What receives a request; `is_whole` once nothing more of it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self.is_whole = receive, False

    async def __call__(self) -> Message:
        """Receive the next part."""
        message = await self._receive()
        self.is_whole = not message.get("more_body", False)
        return message

    async def discard(self, *, most_bytes: int, seconds: float) -> None:
        """Read on for a while and keep nothing, so that whoever is still sending hears the answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while most_bytes > 0 and not self.is_whole:
                    most_bytes -= len((await self()).get("body", b""))


def _view_name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


async def _next(receive: Receive) -> Message:
    return await receive()


def _close(body: IO[bytes]) -> None:
    """Close a body, also where the disk has no room for the last of it."""
    with suppress(OSError):
        body.close()


def _free_bytes() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free
