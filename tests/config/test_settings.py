"""The environment says how Glimpse runs; each variable does what docs/settings.md says."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]


def settings_with(names: str, **variables: str) -> dict[str, Any]:
    """Return some settings as a process with these variables, and no other of ours, reads them."""
    ours = ("GLIMPSE_", "DJANGO_", "REDIS_URL", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    show = f"json.dumps([getattr(settings, name) for name in {names.split()}], default=str)"
    code = f"import json; from webapp.config import settings; print({show})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited, "GLIMPSE_SECRET_KEY": "tests", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(names.split(), json.loads(done.stdout), strict=True))


def test_by_default_everything_is_embedded(tmp_path: Path) -> None:
    values = settings_with("DATABASES EMBEDDED_VALKEY REDIS_URL GLIMPSE_PORT", GLIMPSE_DATA_DIR=str(tmp_path))
    assert values["DATABASES"]["default"]["NAME"] == str(tmp_path / "glimpse.sqlite3")
    assert values["EMBEDDED_VALKEY"] is True
    assert values["REDIS_URL"] == f"redis+socket://{tmp_path}/run/valkey.sock"
    assert values["GLIMPSE_PORT"] == 8000


def test_the_two_urls_name_servers_of_ones_own() -> None:
    urls = {"DATABASE_URL": "postgres://user:word@host:5433/name", "REDIS_URL": "redis://host:6380/1"}
    values = settings_with("DATABASES EMBEDDED_VALKEY CELERY_BROKER_URL", **urls)
    database = values["DATABASES"]["default"]
    assert (database["ENGINE"], database["HOST"], database["PORT"]) == ("django.db.backends.postgresql", "host", 5433)
    assert "init_command" not in database.get("OPTIONS", {})
    assert values["EMBEDDED_VALKEY"] is False
    assert values["CELERY_BROKER_URL"] == "redis://host:6380/1"


def test_a_long_data_folder_still_gets_a_socket_that_fits(tmp_path: Path) -> None:
    def socket(folder: Path) -> str:
        return str(settings_with("VALKEY_SOCKET", GLIMPSE_DATA_DIR=str(folder))["VALKEY_SOCKET"])

    long = tmp_path / ("a" * 120)
    assert len(socket(long)) < 100
    assert socket(long) == socket(long)
    assert socket(long) != socket(tmp_path / ("b" * 120))


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.7", "::", "glimpse.example"])  # noqa: S104
def test_no_machine_but_this_one_is_shown_the_pages_of_errors(bind: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        settings_with("DEBUG", GLIMPSE_DEBUG="1", GLIMPSE_BIND=bind)
    last = refused.value.stderr.splitlines()[-1]
    assert f"GLIMPSE_BIND is {bind}, which lets other machines in: leave one of the two out." in last
    assert settings_with("DEBUG", GLIMPSE_BIND=bind) == {"DEBUG": False}


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_may_debug(bind: str) -> None:
    assert settings_with("DEBUG", GLIMPSE_DEBUG="1", GLIMPSE_BIND=bind) == {"DEBUG": True}


@pytest.mark.parametrize("https", [False, True])
def test_https_makes_cookies_and_addresses_secure(https: bool) -> None:
    names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT"
    assert set(settings_with(names, GLIMPSE_HTTPS=str(int(https))).values()) == {https}


def test_sqlite_is_set_for_many_writers(tmp_path: Path) -> None:
    code = "import django; django.setup(); from django.db import connection as c; c.ensure_connection()"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webapp.config.settings",
            "GLIMPSE_SECRET_KEY": "tests",
            "GLIMPSE_DATA_DIR": str(tmp_path),
            "DATABASE_URL": "",
        },
        check=True,
    )
    with sqlite3.connect(tmp_path / "glimpse.sqlite3") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    options = settings_with("DATABASES")["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "synchronous=NORMAL" in options["init_command"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere/"])
def test_no_page_allows_inline_code_or_another_host(client: Client, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.django_db
def test_the_admin_allows_what_its_theme_evaluates_but_no_inline_scripts_and_no_other_host(client: Client) -> None:
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in f"{policy};"
    assert "img-src 'self' data:" in policy
    assert "http" not in policy
