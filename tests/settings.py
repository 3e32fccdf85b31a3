"""Settings of a test run: the site's own, over a throwaway data folder and secret key."""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("GLIMPSE_SECRET_KEY", "tests-sign-nothing-of-value-but-need-a-key-of-at-least-fifty-characters")
if "GLIMPSE_DATA_DIR" not in os.environ:
    os.environ["GLIMPSE_DATA_DIR"] = tempfile.mkdtemp(prefix="glimpse-test-")
    atexit.register(shutil.rmtree, os.environ["GLIMPSE_DATA_DIR"], ignore_errors=True)

from webapp.config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.app"]  # noqa: F405
# A file and not memory, so that threads lock each other out as they do in life.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"].setdefault("TEST", {})["NAME"] = DATA_DIR / "tests.sqlite3"  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
