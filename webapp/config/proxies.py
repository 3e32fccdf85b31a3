"""Addresses in settings: the proxies before the site, and whether an address is this machine's alone."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.core.exceptions import ImproperlyConfigured


def networks(texts: Iterable[str]) -> list[IPv4Network | IPv6Network]:
    """Parse addresses and networks; raise ImproperlyConfigured where a text is neither."""
    try:
        return [ip_network(text.strip(), strict=False) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"GLIMPSE_PROXIES: {error}. Name addresses or networks with commas between, as in 127.0.0.1,10.0.0.0/8."
        ) from error


def is_loopback(host: str) -> bool:
    """Return whether a server that listens there answers this machine alone; of an unknown name, it does not."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
