"""A forgotten password is replaced by a link: by letter, once, for an hour, and nobody learns who has an account."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from webapp.accounts import services, tokens
from webapp.accounts.models import ApiToken
from webapp.accounts.passwords import letters

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet harbour at dawn"
NEW = {"new_password1": "another harbour at dusk", "new_password2": "another harbour at dusk"}


@pytest.fixture(autouse=True)
def _sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send letters within the request, so that a test can read them."""

    class Postman:
        def submit(self, deliver: Callable[..., None], *letter: object) -> None:
            deliver(*letter)

    monkeypatch.setattr(letters, "_postman", Postman())


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", "ada@example.org", PASSWORD)


def asked(address: str, client: Client | None = None) -> HttpResponse:
    return (client or Client()).post("/account/reset/", {"email": address}, follow=True)


def link() -> str:
    """Return the path of the link in the latest letter."""
    match = re.search(r"http://localhost:8000(/\S+)", mail.outbox[-1].body)
    assert match
    return match[1]


def form_at(client: Client, path: str) -> str:
    """Open a link, and return where its form is."""
    return client.get(path, follow=True).redirect_chain[-1][0]


def test_the_link_sets_a_password_signs_in_and_throws_everybody_else_out(ada: User) -> None:
    tokens.create_token(owner=services.owner_of_user(user=ada))
    thief = Client()
    thief.force_login(ada)
    assert "on its way" in asked("ADA@example.org").content.decode()
    assert mail.outbox[-1].to == ["ada@example.org"]
    assert "ada" in mail.outbox[-1].body
    browser = Client()
    answer = browser.post(form_at(browser, link()), NEW, follow=True)
    assert "signed out everywhere else" in answer.content.decode()
    assert User.objects.get().check_password(NEW["new_password1"])
    assert not ApiToken.objects.exists()
    assert thief.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200


def test_a_link_works_once_and_for_an_hour(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(ada.email)
    first = link()
    browser = Client()
    browser.post(form_at(browser, first), NEW)
    assert "holds no longer" in Client().get(first, follow=True).content.decode()
    asked(ada.email)
    generator = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
    late = default_token_generator._now() + timedelta(minutes=61)
    monkeypatch.setattr(f"{generator}._now", lambda self: late)
    assert "holds no longer" in Client().get(link(), follow=True).content.decode()


@pytest.mark.parametrize("address", ["nobody@example.org", "gone@example.org", "bare@example.org"])
def test_the_answer_is_the_same_for_an_address_that_no_one_can_reset(ada: User, address: str) -> None:
    User.objects.create_user("gone", "gone@example.org", PASSWORD, is_active=False)
    bare = User.objects.create_user("bare", "bare@example.org")
    assert not bare.has_usable_password()

    def bare_of(answer: HttpResponse) -> str:
        return re.sub(r'[\w-]{40,}|value="[^"]+"', "", answer.content.decode())

    assert bare_of(asked(address)) == bare_of(asked(ada.email))
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]]


def test_letters_are_not_sent_without_end_and_a_refusal_tells_nothing(ada: User) -> None:
    for address in ("ada@example.org", "nobody@example.org"):
        assert [asked(address).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert len(mail.outbox) == 3


def test_a_name_that_others_lock_is_open_to_whoever_gets_the_letter(ada: User) -> None:
    for n in range(25):
        Client().post("/account/sign-in/", {"username": "ada", "password": "x"}, REMOTE_ADDR=f"10.0.{n}.1")
    assert Client().post("/account/sign-in/", {"username": "ada", "password": PASSWORD}).status_code == 429
    asked(ada.email)
    browser = Client()
    browser.post(form_at(browser, link()), NEW)
    assert browser.get("/account/").status_code == 200
    browser.post("/account/sign-out/")
    assert browser.post("/account/sign-in/", {"username": "ada", "password": NEW["new_password1"]}).status_code == 302


def test_an_address_given_at_sign_up_counts_once_its_link_is_opened(client: Client) -> None:
    form = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD, "email": "ada@example.org"}
    assert client.post("/account/sign-up/", form).status_code == 302
    assert User.objects.get().email == ""
    path = link()
    asked("ada@example.org")
    assert len(mail.outbox) == 1
    page = Client().get(path)
    assert "Is this your address?" in page.content.decode()
    assert User.objects.get().email == ""  # programs that look at letters open links
    Client().post(path)
    assert User.objects.get().email == "ada@example.org"
    assert Client().post(path).status_code == 410
    asked("ada@example.org")
    assert len(mail.outbox) == 2


def test_whoever_signs_up_with_an_address_whose_letters_are_used_up_is_in_and_told(client: Client) -> None:
    for _ in range(4):
        asked("eve@example.org")
    form = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD, "email": "eve@example.org"}
    answer = client.post("/account/sign-up/", form, follow=True)
    assert answer.status_code == 200
    assert "Too many letters to this address" in answer.content.decode()
    assert User.objects.get().email == ""
    assert client.get("/account/").status_code == 200
    assert not mail.outbox


def test_another_address_needs_the_password_and_a_link_and_the_old_one_is_told(ada: User, client: Client) -> None:
    client.force_login(ada)
    assert client.post("/account/address/", {"address": "new@example.org", "password": "x"}).status_code == 422
    assert not mail.outbox
    client.post("/account/address/", {"address": "new@example.org", "password": PASSWORD})
    assert mail.outbox[-1].to == ["new@example.org"]
    assert User.objects.get().email == "ada@example.org"
    client.post(link())
    assert User.objects.get().email == "new@example.org"
    assert mail.outbox[-1].to == ["ada@example.org"]
    assert "was changed" in mail.outbox[-1].body
    client.post("/account/address/", {"address": "", "password": PASSWORD})
    assert User.objects.get().email == ""


def test_a_link_for_an_address_ends_with_a_new_password(ada: User, client: Client) -> None:
    client.force_login(ada)
    client.post("/account/address/", {"address": "thief@example.org", "password": PASSWORD})
    ada.set_password("another")
    ada.save()
    assert Client().post(link()).status_code == 410
    assert User.objects.get().email == "ada@example.org"


@pytest.mark.parametrize("token", ["x", "a:b:c", "eyJ9:1:2"])
def test_a_made_up_link_says_that_it_holds_no_longer(client: Client, token: str) -> None:
    assert client.get(f"/account/address/{token}/").status_code == 410
    assert "holds no longer" in client.get(f"/account/reset/{token}/{token}/").content.decode()


def test_the_command_prints_a_link_for_whoever_has_no_address(client: Client) -> None:
    User.objects.create_user("ben")
    out = io.StringIO()
    call_command("password_reset_link", "ben", "--site", "https://example.org/", stdout=out)
    site, path = out.getvalue().strip().split("example.org")
    assert site == "https://"
    client.post(form_at(client, path), NEW)
    assert User.objects.get().check_password(NEW["new_password1"])
    with pytest.raises(CommandError, match="no user"):
        call_command("password_reset_link", "nobody")


def test_the_command_that_changes_a_password_revokes_tokens(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.create_token(owner=services.owner_of_user(user=ada))
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW["new_password1"])
    call_command("changepassword", "ada", stdout=io.StringIO())
    assert User.objects.get().check_password(NEW["new_password1"])
    assert not ApiToken.objects.exists()


def test_staff_send_links_and_are_told_who_has_no_address(ada: User, client: Client) -> None:
    ben = User.objects.create_user("ben")
    client.force_login(User.objects.create_superuser("staff"))
    form = {"action": "send_reset_links", "_selected_action": [ada.pk, ben.pk]}
    said = client.post("/admin/auth/user/", form, follow=True).content.decode()
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]]
    assert "No e-mail address, or not active: ben." in said


def test_no_link_begins_with_what_a_request_says_of_its_host(ada: User) -> None:
    forged = Client(headers={"Host": "testserver:4444"})
    asked(ada.email, forged)
    form = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD, "email": "eve@example.org"}
    forged.post("/account/sign-up/", form)
    assert len(mail.outbox) == 2
    assert all("http://localhost:8000/account/" in letter.body for letter in mail.outbox)
    assert not any("4444" in letter.body for letter in mail.outbox)


def test_a_letter_that_cannot_be_sent_changes_no_answer(ada: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    assert asked(ada.email).status_code == 200
