"""Who sends a request: an address, seen through trusted proxies, and a person, as far as cookie or token tell one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from webapp.core.requests import network_of, parsed_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Visitor:
    """Whose share a request counts against: ``address`` is an IPv4 address or the /64 of an IPv6 one.

    ``person`` is what a cookie or a header says before anybody has looked it up. It keeps honest people who share an
    address from each other's way; whoever makes one up for each request is held by the bounds of the address alone.
    """

    address: str
    person: str = ""


def visitor(address: str, *, cookie: str, authorization: str, session_cookie: str) -> Visitor:
    """Return who asks: the bearer of a token or of a session, else whoever is at the address."""
    session = re.search(rf"(?:^|;)\s*{re.escape(session_cookie)}=([^;]+)", cookie)
    person = authorization or (session[1] if session else "")
    return Visitor(network_of(address), person)


def client_address(peer: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """Return the address that a request comes from: the last that a trusted proxy names and that is none itself.

    forwarded: the X-Forwarded-For of the request, which counts only as far as trusted proxies wrote it.
    """
    nearest = peer
    for hop in reversed([*forwarded.split(","), peer]):
        address = parsed_address(hop)
        if address is None:
            break
        nearest = str(address)
        if not is_trusted(nearest, proxies):
            break
    return nearest


def is_trusted(address: str, proxies: Sequence[Network]) -> bool:
    """Return whether an address is one of the proxies."""
    parsed = parsed_address(address)
    return parsed is not None and any(parsed in network for network in proxies)
