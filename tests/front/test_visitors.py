"""Whose share a request counts against: the address behind trusted proxies, and who holds a cookie or a token."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from webapp.accounts import throttles
from webapp.front.visitors import Visitor, client_address, visitor

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::1/128")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.1", "198.51.100.7"),
        ("10.0.0.2", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.2", "1.1.1.1, 203.0.113.1", "203.0.113.1"),
        ("10.0.0.2", "203.0.113.1, 10.0.0.3", "203.0.113.1"),
        ("10.0.0.2", "10.0.0.4, 10.0.0.3", "10.0.0.4"),
        ("10.0.0.2", "203.0.113.1, nonsense", "10.0.0.2"),
        ("10.0.0.2", "203.0.113.1, nonsense, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("::ffff:10.0.0.2", "::ffff:203.0.113.1", "203.0.113.1"),
        ("2001:db8::1", "2001:db8:5::9", "2001:db8:5::9"),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_counts(peer: str, forwarded: str, seen: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == seen


def asker(address: str = "203.0.113.1", cookie: str = "", authorization: str = "") -> Visitor:
    """Return the visitor of a request."""
    return visitor(address, cookie=cookie, authorization=authorization, session_cookie="sessionid")


def test_a_session_and_a_token_are_people() -> None:
    assert asker(cookie="a=b; sessionid=x").person == "x"
    assert asker(cookie="notsessionid=x").person == ""
    assert asker(cookie="sessionid=x", authorization="Bearer y").person == "Bearer y"


def test_one_household_has_one_share() -> None:
    assert asker("2001:db8:5:1::9") == asker("2001:db8:5:1:ffff::1") != asker("2001:db8:5:2::9")
    assert asker("203.0.113.1") != asker("203.0.113.2")


@pytest.mark.parametrize("address", ["203.0.113.1", "::ffff:203.0.113.1", "2001:db8:5:1::9", "", "a socket"])
def test_counts_of_accounts_and_shares_of_the_server_are_of_the_same_network(address: str) -> None:
    assert asker(address).address == throttles.network_of(RequestFactory(REMOTE_ADDR=address).get("/"))
