"""While strangers hold all that they can get of the server, somebody else is answered, and their things are let go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.front.conftest import TRUSTED, Server, Strangers
from tests.running import wait_until

POST = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n"


def answered(visitor: httpx.Client) -> bool:
    """Say whether a page is answered."""
    return visitor.get("/page").json()["path"] == "/page"


@pytest.mark.parametrize("number", [24, 300])
def test_requests_whose_headers_never_end_hold_nobody_up(
    strangers: Strangers, visitor: httpx.Client, number: int
) -> None:
    connections = [strangers.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n") for _ in range(number)]
    assert answered(visitor)
    assert connections[0].recv(1) == b""  # after a while the server hangs up


def test_connections_that_say_nothing_are_closed(strangers: Strangers) -> None:
    assert strangers.answer(b"") == b""


@pytest.mark.parametrize("path", [b"/upload", b"/account/sign-in/"])
def test_bodies_that_never_end_hold_nobody_up(strangers: Strangers, visitor: httpx.Client, path: bytes) -> None:
    stalled = POST % (path, b"Content-Length: 900") + b"a"
    connections = [strangers.send(stalled, address="127.0.0.3") for _ in range(300)]
    assert answered(visitor)
    assert visitor.post("/upload", content=b"abc").json()["received"] == 3
    first = b"".join(iter(lambda: connections[0].recv(4096), b""))
    assert first.startswith(b"HTTP/1.1 408 ")
    assert first.endswith(b"The request came too slowly. Please send it again, over a better line or in parts.")


def test_a_program_whose_body_is_too_slow_is_told_so_in_json(strangers: Strangers) -> None:
    answer = strangers.answer(POST % (b"/api/v1/support-sets", b"Content-Length: 900") + b"a")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"code": "too_slow", "message": "The request came too slowly.' in answer


def test_readers_who_do_not_read_hold_nobody_up_and_are_cut_off(
    server: Server, strangers: Strangers, visitor: httpx.Client
) -> None:
    answered(visitor)
    before = server.files()
    for _ in range(40):
        strangers.send(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answered(visitor)
    wait_until(lambda: server.files() <= before, seconds=30)
    assert visitor.get("/page").json()["closed"].count("download") >= 40


def test_a_download_is_whole_and_one_that_is_left_is_closed(strangers: Strangers, visitor: httpx.Client) -> None:
    assert len(visitor.get("/long").content) == 64 * 1024 * 1024
    closed = len(visitor.get("/page").json()["closed"])
    strangers.send(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n").close()
    wait_until(lambda: len(visitor.get("/page").json()["closed"]) > closed)


def test_a_page_never_waits_for_uploads(visitor: httpx.Client) -> None:
    with ThreadPoolExecutor(28) as pool:
        uploads = [pool.submit(visitor.post, "/nap", content=b"abc") for _ in range(28)]
        assert answered(visitor)
        visitor.get("/wake")
        assert {upload.result().json()["thread"] for upload in uploads} == {"upload"}


def test_slow_pages_of_one_person_leave_threads_for_others(visitor: httpx.Client) -> None:
    hers = {"Cookie": "theme=dark; sessionid=hers"}
    with ThreadPoolExecutor(28) as pool:
        slow = [pool.submit(visitor.get, "/doze", headers=hers) for _ in range(28)]
        assert answered(visitor)
        visitor.get("/wake")
        assert {page.result().status_code for page in slow} == {200}


def test_300_mb_where_no_upload_is_taken_are_refused_and_never_kept(server: Server, visitor: httpx.Client) -> None:
    body = (b"x" * 1_000_000 for _ in range(300))
    before = server.files()
    answer = visitor.post("/account/sign-in/", content=body, headers={"Content-Length": "300000000"})
    assert (answer.status_code, answer.text) == (413, "A request to this address may have at most 1 MB.")
    assert server.files() <= before + 1


def test_an_upload_comes_whole(visitor: httpx.Client) -> None:
    assert visitor.post("/upload", content=b"x" * 20_000_000).json()["received"] == 20_000_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: 3\r\nContent-Length: 5", 400),
        (b"Content-Length: 3, 3", 400),
        (b"Content-Length: -3", 400),
        (b"Content-Length: +3", 400),
        (b"Content-Length: 99999999999999999999999", 400),
        (b"Content-Length: 9223372036854775807", 413),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3", 411),
        (b"Transfer-Encoding: chunked", 411),
        (b"Transfer-Encoding: gzip", 400),
    ],
)
def test_tricks_with_the_length_are_refused(strangers: Strangers, headers: bytes, status: int) -> None:
    answer = strangers.answer(POST % (b"/upload", headers) + b"3\r\nabc\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_program_is_told_in_json_what_is_too_large(visitor: httpx.Client) -> None:
    answer = visitor.post("/api/v1/support-sets", content=b"x" * 2_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_requests_in_a_row_are_answered_in_a_row(strangers: Strangers) -> None:
    request = b"GET /page HTTP/1.1\r\nHost: localhost\r\n"
    assert strangers.answer(2 * (request + b"\r\n") + request + b"Connection: close\r\n\r\n").count(b"200 OK") == 3


@pytest.mark.parametrize("request_line", [b"GET /%s HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nCookie: %s\r\n"])
def test_headers_that_are_very_large_are_refused(strangers: Strangers, request_line: bytes) -> None:
    for length, statuses in ((50_000, {b"200"}), (140_000, {b"414", b"431"})):
        stranger = strangers.send(request_line % (b"x" * length) + b"Host: localhost\r\n\r\n")
        assert stranger.recv(12).removeprefix(b"HTTP/1.1 ") in statuses


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT localhost:80 HTTP/1.1"])
def test_what_is_no_address_is_refused(strangers: Strangers, line: bytes) -> None:
    assert strangers.answer(line + b"\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_http_1_0_is_answered(strangers: Strangers) -> None:
    answer = strangers.answer(b"GET /page HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK")
    assert b'"SERVER_PROTOCOL": "HTTP/1.0"' in answer


def test_an_address_and_its_question_come_as_they_were_sent(strangers: Strangers) -> None:
    line = b"GET /n\xc3\xa9%ff?q=\xc3\xa9%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = strangers.answer(line)
    assert b'"path": "/n\\u00c3\\u00a9\\u00ff"' in answer
    assert b'"QUERY_STRING": "q=\\u00c3\\u00a9%ff"' in answer


@pytest.mark.parametrize(
    ("address", "name", "seen"),
    [
        ("127.0.0.1", b"X-Forwarded-For", b"127.0.0.1"),
        ("127.0.0.1", b"X_Forwarded_For", b"127.0.0.1"),
        (TRUSTED, b"X-Forwarded-For", b"198.51.100.7"),
        (TRUSTED, b"X_Forwarded_For", TRUSTED.encode()),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    strangers: Strangers, address: str, name: bytes, seen: bytes
) -> None:
    headers = name + b": 203.0.113.1, 198.51.100.7\r\nX-Forwarded-Proto: https\r\nConnection: close"
    answer = strangers.answer(b"GET /page HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n", address=address)
    assert b'"REMOTE_ADDR": "%s"' % seen in answer
    assert (b'"HTTP_X_FORWARDED_PROTO": "https"' in answer) == (address == TRUSTED)


def test_a_server_that_is_told_to_stop_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Server(tmp_path_factory.mktemp("stopped"))
    workers = server.process.children()
    server.process.terminate()
    wait_until(lambda: not server.process.is_running(), seconds=20)
    assert [worker for worker in workers if psutil.pid_exists(worker)] == []
