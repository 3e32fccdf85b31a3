"""Guessing is slow, wherever from: passwords, at every page that asks for one, tokens, and accounts made in bulk.

Every attack here was tried on the site before there were limits; `docs/security.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from webapp.accounts import throttles
from webapp.accounts.models import Attempts
from webapp.core.errors import UserError

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet harbour at dawn"
PAGES = ["/account/sign-in/", "/admin/login/"]
FEWER = {
    "wrong_passwords_per_address": 8,
    "wrong_passwords_per_name": 8,
    "wrong_tokens_per_address": 8,
    "sign_ups_per_address": 4,
}
"""What a test need not repeat as often as an attacker may."""
LIMITS: dict[str, int] = {**settings.GLIMPSE_LIMITS, **FEWER}


def sign_in(
    name: str, password: str, *, at: str = "/account/sign-in/", address: str = "10.0.0.1", client: Client | None = None
) -> HttpResponse:
    return (client or Client()).post(at, {"username": name, "password": password}, REMOTE_ADDR=address)


def evaluated(answers: Iterable[HttpResponse]) -> int:
    """Count the guesses that were looked at; the others were refused in words, with how long to wait."""
    statuses = []
    for answer in answers:
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert "Too many" in answer.content.decode()
            assert "minute" in answer.content.decode()
            assert 0 < int(answer.headers["Retry-After"]) <= 3600
    return len([status for status in statuses if status != 429])


@pytest.fixture(autouse=True)
def _fewer(settings: Settings) -> None:
    settings.GLIMPSE_LIMITS = LIMITS


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what moves the clock on by minutes."""
    now = timezone.now

    def move(minutes: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(minutes=minutes))

    return move


@pytest.mark.parametrize("page", PAGES)
def test_one_name_is_guessed_five_times_from_one_address(page: str, ada: User) -> None:
    limit = LIMITS["wrong_passwords_per_name_and_address"]
    assert evaluated(sign_in("ada", f"wrong {n}", at=page) for n in range(limit + 3)) == limit
    assert sign_in("ada", PASSWORD, at=page).status_code == 429


@pytest.mark.parametrize("page", PAGES)
def test_many_names_are_not_guessed_from_one_address(page: str, ada: User) -> None:
    guesses = (sign_in(f"name-{n % 12}", f"wrong {n}", at=page) for n in range(20))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_address"]


def test_one_name_is_not_guessed_from_many_addresses(ada: User) -> None:
    guesses = (sign_in("ada", f"wrong {n}", address=f"10.0.{n}.1") for n in range(12))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_name"]


def test_one_network_of_ipv6_is_one_address(ada: User) -> None:
    guesses = (sign_in("ada", f"wrong {n}", address=f"2001:db8:1:2::{n:x}") for n in range(8))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_name_and_address"]


@pytest.mark.parametrize("page", PAGES)
def test_whoever_signed_in_here_before_still_gets_in_while_others_guess(page: str, ada: User) -> None:
    browser = Client()
    assert sign_in("ada", PASSWORD, at=page, client=browser).status_code == 302
    browser.post("/account/sign-out/")
    for n in range(10):
        sign_in("ada", f"wrong {n}", address=f"10.0.{n}.1")
    assert sign_in("ada", PASSWORD, address="10.9.9.9").status_code == 429
    assert sign_in("ada", PASSWORD, at=page, client=browser).status_code == 302


def test_a_browser_that_signed_in_before_guesses_its_own_name_only_so_often_and_no_other(ada: User) -> None:
    browser = Client()
    sign_in("ada", PASSWORD, client=browser)
    User.objects.create_user("ben", password=PASSWORD)
    others = (sign_in("ben", f"wrong {n}", client=browser) for n in range(7))
    assert evaluated(others) == LIMITS["wrong_passwords_per_name_and_address"]
    own = (sign_in("ada", f"wrong {n}", client=browser) for n in range(12))
    assert evaluated(own) == LIMITS["wrong_passwords_per_device"]


def test_a_name_that_folds_to_another_is_no_known_browser_of_the_other() -> None:
    """Whoever registers `jeßica` has as many known browsers as they like; they guessed ten times each at `jessica`."""
    User.objects.create_user("jessica", password=PASSWORD)
    User.objects.create_user("jeßica", password="mine, and known to me")
    browsers = [Client(), Client(), Client()]
    for browser in browsers:
        assert sign_in("jeßica", "mine, and known to me", client=browser).status_code == 302
        browser.post("/account/sign-out/")
    guesses = (sign_in("jessica", f"wrong {n}", client=browsers[n % 3]) for n in range(12))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_name_and_address"]


def test_a_known_browser_is_known_no_longer_once_the_password_is_another(ada: User) -> None:
    thief, browser = Client(), Client()
    sign_in("ada", PASSWORD, client=thief)
    sign_in("ada", PASSWORD, client=browser)
    new = {"new_password1": "another harbour at dusk", "new_password2": "another harbour at dusk"}
    assert browser.post("/account/password/", {"old_password": PASSWORD, **new}).status_code == 302
    guesses = (sign_in("ada", f"wrong {n}", client=thief) for n in range(8))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_name_and_address"]
    browser.post("/account/sign-out/")
    own = (sign_in("ada", f"wrong {n}", client=browser) for n in range(12))
    assert evaluated(own) == LIMITS["wrong_passwords_per_device"]


def test_a_forged_cookie_is_no_known_browser(ada: User) -> None:
    known = Client()
    sign_in("ada", PASSWORD, client=known)
    forged = Client()
    forged.cookies["device"] = known.cookies["device"].value[:-3] + "xyz"
    guesses = (sign_in("ada", f"wrong {n}", client=forged) for n in range(7))
    assert evaluated(guesses) == LIMITS["wrong_passwords_per_name_and_address"]


def test_a_right_password_takes_back_its_own_try_and_no_other(ada: User) -> None:
    for n in range(4):
        sign_in("ada", f"wrong {n}")
    assert [sign_in("ada", PASSWORD).status_code for _ in range(3)] == [302, 302, 302]
    assert evaluated(sign_in("ada", f"wrong {n}") for n in range(4)) == 1


def test_a_refusal_says_the_same_of_a_name_that_does_not_exist(ada: User) -> None:
    said = []
    for name in ("ada", "nobody"):
        answers = [sign_in(name, f"wrong {n}", address=f"10.1.{len(said)}.1") for n in range(6)]
        said.append([(answer.status_code, "Too many wrong" in answer.content.decode()) for answer in answers])
    assert said[0] == said[1]


def test_the_wait_ends(ada: User, later: Any) -> None:
    for n in range(6):
        sign_in("ada", f"wrong {n}")
    later(14)
    assert sign_in("ada", PASSWORD).status_code == 429
    later(16)
    assert sign_in("ada", PASSWORD).status_code == 302


def test_the_old_password_is_guessed_five_times_by_whoever_has_a_session(ada: User) -> None:
    thief = Client()
    thief.force_login(ada)
    new = {"new_password1": "another harbour at dusk", "new_password2": "another harbour at dusk"}
    forms = [
        ("/account/password/", {"old_password": "wrong", **new}),
        ("/account/address/", {"address": "thief@example.org", "password": "wrong"}),
        ("/my/data/delete/", {"password": "wrong"}),
    ]
    guesses = (thief.post(*forms[n % 3]) for n in range(8))
    assert evaluated(guesses) == LIMITS["wrong_own_passwords"]
    assert thief.post("/account/password/", {"old_password": PASSWORD, **new}).status_code == 429
    assert User.objects.get().check_password(PASSWORD)


def test_the_admin_has_no_form_of_its_own_to_guess_the_old_password(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    assert client.get("/admin/password_change/").headers["Location"] == "/account/"


def test_accounts_are_not_made_in_bulk_from_one_address() -> None:
    form = {"password1": PASSWORD, "password2": PASSWORD}
    tries = [
        Client(REMOTE_ADDR="10.0.0.1").post("/account/sign-up/", {"username": f"name-{n}", **form}) for n in range(6)
    ]
    assert evaluated(tries) == LIMITS["sign_ups_per_address"] == User.objects.count()
    elsewhere = Client(REMOTE_ADDR="10.0.0.2").post("/account/sign-up/", {"username": "elsewhere", **form})
    assert elsewhere.status_code == 302


def test_wrong_tokens_are_refused_in_words_and_right_ones_are_not() -> None:
    from webapp.accounts.models import Owner
    from webapp.accounts.tokens import create_token

    def ask(token: str) -> HttpResponse:
        return Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/support-sets", REMOTE_ADDR="10.0.0.1")

    limit = LIMITS["wrong_tokens_per_address"]
    statuses = [ask(f"wrong-{n}").status_code for n in range(limit + 5)]
    assert statuses == [401] * limit + [429] * 5
    assert ask("wrong").json()["code"] == "too_often"
    assert ask(create_token(owner=Owner.objects.create(guest_id="x"))[1]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_guesses_sent_together_are_no_more_than_guesses_sent_one_by_one() -> None:
    def try_once(_n: int) -> bool:
        try:
            throttles.take([throttles.use(throttles.NAME_FROM_ADDRESS, "10.0.0.1 ada")])
        except UserError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(try_once, range(24)))
    assert sum(taken) == LIMITS["wrong_passwords_per_name_and_address"]


def test_counts_are_locked_in_one_order() -> None:
    uses = [throttles.use(throttles.RESETS, "10.0.0.1"), throttles.use(throttles.LETTERS, "ada@example.org")]
    orders = []
    for one_way in (uses, uses[::-1]):
        with CaptureQueriesContext(connection) as queries:
            throttles.take(one_way)
        updates = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
        orders.append([sql.rpartition(" = ")[2] for sql in updates])
    assert orders[0] == orders[1]
    assert len(orders[0]) == 2


def test_the_page_about_privacy_says_how_long_counts_are_kept() -> None:
    longest = max(one.minutes for one in vars(throttles).values() if isinstance(one, throttles.Throttle))
    minutes = longest + settings.GLIMPSE_CLOCK["webapp.accounts.throttles.forget"] // 60
    assert f"within {minutes:.0f} minutes" in Client().get("/privacy/").content.decode()
    assert f"at most {minutes:.0f} minutes" in (settings.BASE_DIR / "docs" / "privacy.md").read_text()


def test_neither_name_nor_address_is_kept_and_counts_are_forgotten(ada: User, later: Any) -> None:
    sign_in("ada", "wrong", address="10.77.0.1")
    kept = str(list(Attempts.objects.values()))
    assert Attempts.objects.count() == 3
    assert "ada" not in kept
    assert "10.77" not in kept
    throttles.forget()
    assert Attempts.objects.count() == 3
    later(61)
    throttles.forget()
    assert not Attempts.objects.exists()
