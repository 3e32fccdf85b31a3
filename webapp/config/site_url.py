"""Where the site is for those who open it: what `make run` says, and what links in letters begin with."""

from collections.abc import Sequence

HERE = {"localhost", "127.0.0.1", "[::1]", "0.0.0.0", "::", "::1"}  # noqa: S104


def site_url(*, hosts: Sequence[str], bind: str, port: int, https: bool) -> str:
    """Return the address of the site without a slash at its end, by the first name that it may be called by."""
    named = [host for host in hosts if host not in HERE and not host.startswith((".", "*"))]
    host = named[0] if named else "localhost" if bind in HERE else f"[{bind}]" if ":" in bind else bind
    return f"https://{host}" if https else f"http://{host}:{port}"
