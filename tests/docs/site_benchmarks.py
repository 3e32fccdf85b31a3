"""Runs benchmarks that start a site over one site that it starts: `python -m tests.docs.site_benchmarks < COMMANDS`.

COMMANDS is a JSON list of [module, arguments]; the answer on standard output is a list of tracebacks, empty where a
benchmark came to its end. They run in a process of their own, as their models read the site's database.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from contextlib import nullcontext, redirect_stdout
from importlib import import_module
from unittest.mock import patch

from benchmarks.running_site import Site, running_site


def outcome(site: Site, module: str, arguments: list[str]) -> str:
    """Run a benchmark over a site; return its traceback, or nothing where it printed a table."""
    printed = io.StringIO()
    try:
        with patch.object(import_module(module), "running_site", lambda: nullcontext(site)), redirect_stdout(printed):
            import_module(module).main(arguments)
    except (Exception, SystemExit):
        return f"{printed.getvalue()}\n{traceback.format_exc()}"
    return ""


def main() -> None:
    """Run all commands, one after the other."""
    with running_site() as site:
        outcomes = [outcome(site, module, arguments) for module, arguments in json.load(sys.stdin)]
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
