"""Settings of the site: the only place that reads the environment."""

from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from webapp.config import admin_look, private_folders
from webapp.config.proxies import is_loopback, networks
from webapp.config.site_url import site_url
from webapp.core.limits import LIMITS
from webapp.core.log import logging_config
from webapp.core.middleware import content_security
from webapp.storage.addresses import storage_at

django_stubs_ext.monkeypatch()  # so that `ModelAdmin[Owner]` and its like, which mypy asks for, can be written
env = environ.Env()

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(env.str("GLIMPSE_DATA_DIR", default=str(BASE_DIR / "data"))).expanduser().resolve()
DEBUG = env.bool("GLIMPSE_DEBUG", default=False)
HTTPS = env.bool("GLIMPSE_HTTPS", default=False)
EMBEDDED = env.bool("GLIMPSE_EMBEDDED", default=False)  # set by `make run` for the processes it starts

private_folders.close_data_folder(DATA_DIR, usual=DATA_DIR == BASE_DIR / "data")


def secret_key() -> str:
    """Return the key from the environment, or the one in the data folder, which `make run` may make."""
    stored = DATA_DIR / "secret-key"
    key: str = env.str("GLIMPSE_SECRET_KEY", default="")
    if key:
        return key
    if EMBEDDED and not stored.exists():
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        stored.touch(mode=0o600)
        stored.write_text(get_random_secret_key())
    if stored.exists():
        return stored.read_text().strip()
    if DEBUG:
        return "for development on this machine only, signs nothing of value"
    raise ImproperlyConfigured(
        "There is no secret key. Start with `make run`, which makes one, or set GLIMPSE_SECRET_KEY."
    )


SECRET_KEY = secret_key()

# --- The site -------------------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("GLIMPSE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []
ROOT_URLCONF = "webapp.config.urls"
WSGI_APPLICATION = "webapp.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "webapp.core",
    "webapp.accounts",
    "webapp.jobs",
    "webapp.datasets",
    "webapp.checkpoints",
    "webapp.training",
    "webapp.recognition",
    "webapp.faces",
    "webapp.site",
    "webapp.api",
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "ninja",
]

MIDDLEWARE = [
    "webapp.api.middleware.api_problems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.core.middleware.content_security.AdminCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.accounts.middleware.OwnerMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.core.middleware.refusals.RefusalMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("GLIMPSE_TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

LOGGING = logging_config(debug=DEBUG)

# --- Database, files ------------------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="")
EMBEDDED_DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "glimpse.sqlite3")}
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(DATABASE_URL) if DATABASE_URL else EMBEDDED_DATABASE,
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without these, one write in nine fails under four writers; with them, none.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

MEDIA_ROOT = DATA_DIR / "media"  # private, as a bucket is: an owner-checking view is the only way to it
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": storage_at(env.str("GLIMPSE_STORAGE_URL", default="")),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "webapp.config.static_files.HashedStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "webapp.storage.uploads.NamelessFileHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- Who may come in ------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "webapp.accounts.passwords.backend.ThrottledBackend",
    "django.contrib.auth.backends.ModelBackend",  # of sessions that began before the other
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
globals().update(env.email_url("EMAIL_URL", default="consolemail://"))  # by default, printed where the site runs
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("GLIMPSE_EMAIL_FROM", default="glimpse@localhost")

# --- What a browser may load ----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {"DIRECTIVES": content_security.SITE}
UNFOLD = admin_look.UNFOLD
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = env.int("GLIMPSE_HSTS_SECONDS", default=3600) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS

# --- What Glimpse allows --------------------------------------------------------------------------------------------

GLIMPSE_LIMITS = LIMITS
GLIMPSE_PROXIES = networks(env.list("GLIMPSE_PROXIES", default=[]))  # they are believed about who asks
DATA_UPLOAD_MAX_NUMBER_FILES = GLIMPSE_LIMITS["files_per_request"]
GLIMPSE_GUEST_HOURS = env.float("GLIMPSE_GUEST_HOURS", default=24.0)
GLIMPSE_QUERY_HOURS = env.float("GLIMPSE_QUERY_HOURS", default=24.0)
GLIMPSE_UNDO_HOURS = env.float("GLIMPSE_UNDO_HOURS", default=1.0)
GLIMPSE_GALLERY_HOURS = env.float("GLIMPSE_GALLERY_HOURS", default=24.0)  # how long faces stay in a gallery
GLIMPSE_DEVICE = env.str("GLIMPSE_DEVICE", default="auto")  # auto | cpu | cuda | cuda:N
GLIMPSE_BIND = env.str("GLIMPSE_BIND", default="127.0.0.1")  # 0.0.0.0 lets other machines in
if DEBUG and not is_loopback(GLIMPSE_BIND):
    raise ImproperlyConfigured(
        "GLIMPSE_DEBUG shows settings and code to whoever meets an error, and "
        f"GLIMPSE_BIND is {GLIMPSE_BIND}, which lets other machines in: leave one of the two out."
    )
GLIMPSE_PORT = env.int("GLIMPSE_PORT", default=8000)
GLIMPSE_URL = env.str("GLIMPSE_URL", default="").rstrip("/") or site_url(
    hosts=ALLOWED_HOSTS, bind=GLIMPSE_BIND, port=GLIMPSE_PORT, https=HTTPS
)
GLIMPSE_WEB_PROCESSES = env.int("GLIMPSE_WEB_PROCESSES", default=2)
GLIMPSE_WEB_THREADS = env.int("GLIMPSE_WEB_THREADS", default=8)  # of each web process
GLIMPSE_WORKERS: int = env.int("GLIMPSE_WORKERS", default=0)  # of the interactive queue; 0 lets `launch` choose

# --- Data sets to train on ------------------------------------------------------------------------------------------

GLIMPSE_DATASETS = Path(env.str("GLIMPSE_DATASETS", default=str(DATA_DIR / "datasets"))).expanduser().resolve()
"""Where the data sets lie that mlcore knows by name, each in a folder of its own name."""
GLIMPSE_DATASET_FOLDERS: list[str] = env.list("GLIMPSE_DATASET_FOLDERS", default=[])
"""Folders on the server whose subfolders staff may ingest; none unless they are named."""
GLIMPSE_CONTRIBUTIONS = "webapp.recognition.services.contributions.offered"
"""What lists the pictures that people let the models be improved with."""

GLIMPSE_STATE_DAYS = env.float("GLIMPSE_STATE_DAYS", default=30.0)
"""How long a run that failed or was cancelled can go on from its state."""
GLIMPSE_TRAINING_LEAVES_GPU_MB = env.int("GLIMPSE_TRAINING_LEAVES_GPU_MB", default=4096)
"""Memory of a GPU that runs leave free, for people's questions."""

# --- Jobs -----------------------------------------------------------------------------------------------------------

VALKEY_SOCKET = private_folders.socket_path(DATA_DIR)
REDIS_URL = env.str("REDIS_URL", default="") or f"redis+socket://{VALKEY_SOCKET}"
EMBEDDED_VALKEY = not env.str("REDIS_URL", default="")
if EMBEDDED_VALKEY:
    private_folders.require_private(VALKEY_SOCKET.parent)
TIDY_MACHINE: dict[str, float] = {  # a worker of runs, or of staff, may be the only program on its machine
    "webapp.jobs.staging.delete_broken_off": 20,
    "webapp.storage.copies.delete_orphans": 20,
    "webapp.training.retention.delete_resting_folders": 20,
}
GLIMPSE_CLOCK: dict[str, float] = {  # dotted path of a callable -> seconds between two calls
    **dict.fromkeys(TIDY_MACHINE, 3600),  # and so may the clock, which leaves something in staging if it is killed
    "webapp.accounts.throttles.forget": 600,
    "webapp.jobs.services.sweep": 1,
    "webapp.recognition.services.contributions.withdraw": 10,
    "webapp.recognition.retention.forget": 60,
    "webapp.datasets.retention.forget": 60,
    "webapp.faces.retention.forget": 5,
    "webapp.faces.deletion.truncate_log": 30,
    "webapp.storage.orphans.delete_orphans": 3600,
    "webapp.storage.orphans.delete_brief_orphans": 20,
    "webapp.training.schedules.chore.start_due": 10,
    "webapp.training.retention.forget_old_states": 3600,
    "webapp.training.sweeps.chore.advance": 3,
}
GLIMPSE_WORKER_CLOCK: dict[str, dict[str, float]] = {  # queue -> likewise, in each process of a worker that serves it
    "interactive": {"webapp.recognition.tasks.warm": 2, "webapp.faces.tasks.warm": 3600},
    "training": TIDY_MACHINE,
    "staff": TIDY_MACHINE,
}
GLIMPSE_JOBS = {
    "lease_seconds": 6.0,  # a job whose worker was killed waits this long for another one
    "renew_seconds": 1.5,
    "resend_seconds": 5.0,  # a message unclaimed for this long is sent again, then after twice as long, and so on
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # the job's row is the truth
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # a new process loads its models first; with Celery's 4 s it is killed, for ever
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_WORKER_SEND_TASK_EVENTS = False
# A broker that is down must not hold a web thread: the job's row stays queued and the clock sends it later.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 0.5
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "socket_timeout": 5,
    "socket_connect_timeout": 0.5,
    "retry_on_timeout": False,
    "max_retries": 0,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
