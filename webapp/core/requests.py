"""Requests: as django-htmx hands them to the views, and whose address they come from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """A request that says whether htmx sent it."""

    htmx: HtmxDetails


HOUSEHOLD = 64
"""Bits of an IPv6 address that a provider hands out at once: who has one such address has them all."""


def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, an IPv4 one if it only came over IPv6; None if it is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(text: str) -> str:
    """Return what an address counts as: of IPv6 its /64, else itself, whatever it is."""
    address = parsed_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), HOUSEHOLD), strict=False))
    return str(address or text)
