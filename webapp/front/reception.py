"""The way of a request: refused or read whole without a thread, then to a thread, then back at its reader's pace."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from webapp.api.errors import problem
from webapp.core.errors import Refusal
from webapp.front.answers import Answer, WSGIApplication
from webapp.front.bodies import Bodies, Incoming, Message, Receive, check_length, check_sender, upload_limit
from webapp.front.bounds import TooSlow, Transfer, Transfers
from webapp.front.connections import Connections
from webapp.front.lines import Gone, Line
from webapp.front.requests import Request, Scope

logger = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
DISCARDED_BYTES = 64 * 1024 * 1024
DISCARDED_SECONDS = 10.0


class Reception:
    """An ASGI application before a WSGI one. Pages have threads of their own, so that they never wait for uploads."""

    def __init__(self, site: WSGIApplication) -> None:
        limits = settings.GLIMPSE_LIMITS
        waiting = {"waiting": limits["waiting_requests"], "waiting_of_address": limits["waiting_requests_of_address"]}
        self._site = site
        self._limits = limits
        self._pages = Line("page", settings.GLIMPSE_WEB_THREADS, **waiting)
        self._uploads = Line("upload", settings.GLIMPSE_WEB_THREADS, **waiting)
        self._bodies = Bodies(limits)
        self._outgoing = Transfers(in_all=limits["transfers"], of_address=limits["transfers_of_address"])
        self._connections = Connections()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request, incoming = Request(scope), Incoming(receive)
        try:
            try:
                await self._serve(request, incoming, send)
            except Refusal as refusal:
                await self._refuse(request, refusal, incoming, send)
        except Gone:
            return  # and so the connection is closed
        except TooSlow:
            await self._connections.hang_up(request.peer)
        except Exception:
            logger.exception("An answer was broken off.")

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        upload = admit(request)
        line = self._uploads if upload else self._pages
        with self._bodies.room(request.length).share(request.visitor.address) as share:
            body = await self._bodies.read(receive, request.length, share) if request.length else io.BytesIO()
            answer = Answer(self._site, request.environ(body, share.bytes))
            gone = asyncio.ensure_future(_gone(receive))
            try:
                await self._answer(request, answer, line, gone, send)
            finally:
                gone.cancel()
                body.close()

    async def _answer(
        self, request: Request, answer: Answer, line: Line, gone: asyncio.Future[None], send: Send
    ) -> None:
        """Have the answer made and send it, portion by portion."""
        self._outgoing.expect(request.visitor.address)
        patience = self._limits["waiting_seconds"]
        portion = await line.run(request.visitor, answer.begin, gone=gone, seconds=patience)
        try:
            with self._outgoing.transfer(request.visitor.address) as transfer:
                start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
                await self._send(transfer, send, start)
                while not answer.over:
                    await self._send(transfer, send, _content(portion, more=True))
                    try:
                        portion = await line.run(request.visitor, answer.portion, gone=gone, seconds=patience)
                    except Refusal as refusal:
                        raise Gone from refusal  # it is too late to say so
                await self._send(transfer, send, _content(portion, more=False))
        finally:
            if not answer.over:
                await asyncio.to_thread(answer.close)

    async def _send(self, transfer: Transfer, send: Send, message: Message) -> None:
        """Send a message, for as long as its reader keeps up the pace that is demanded."""
        number = len(message.get("body", b""))
        seconds = self._limits["transfer_seconds"] + number / self._limits["transfer_bytes_per_second"]
        await transfer.step(_sent(send, message), until=asyncio.get_running_loop().time() + seconds)

    async def _refuse(self, request: Request, refusal: Refusal, incoming: Incoming, send: Send) -> None:
        """Answer a refusal, in words or as the API does, while the rest of the body is thrown away."""
        response = refusal_response(request, refusal)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
        headers += [(b"content-length", str(len(response.content)).encode()), (b"connection", b"close")]
        transfer = Transfer(request.visitor.address, asyncio.get_running_loop().time())
        start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        await self._send(transfer, send, start)
        await self._send(transfer, send, _content(response.content, more=True))
        if refusal.code != "too_slow":  # who had all the time there is
            await incoming.discard(most_bytes=DISCARDED_BYTES, seconds=DISCARDED_SECONDS)
        await self._send(transfer, send, _content(b"", more=False))


def admit(request: Request) -> int:
    """Return how many bytes the address takes as an upload, 0 if none; raise Refusal of what nobody may send."""
    if not request.path.startswith("/"):
        raise Refusal("bad_address", _("This is not an address of the site."))
    if "HTTP_TRANSFER_ENCODING" in request.headers:
        raise Refusal("length_required", _("Say how long the request is, in Content-Length."))
    upload = upload_limit(request.path) if request.length else 0
    check_length(request.length, upload)
    if upload:
        check_sender(request.path, request.length, request.visitor.person)
    return upload


def refusal_response(request: Request, refusal: Refusal) -> HttpResponse:
    """Return a refusal as Django would give it: plain words, or the API's error."""
    wait = refusal.details.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait else {}
    if request.is_for_programs:
        return problem(refusal.status, code=refusal.code, message=refusal.message, headers=headers)
    return HttpResponse(
        refusal.message, status=refusal.status, headers=headers, content_type="text/plain; charset=utf-8"
    )


def _content(portion: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": portion, "more_body": more}


async def _sent(send: Send, message: Message) -> None:
    await send(message)


async def _gone(receive: Receive) -> None:
    """Return when whoever asked has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
