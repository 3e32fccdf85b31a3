"""The rules of the house."""

import re
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path
from typing import get_args

from tests.architecture.sources import PACKAGES, ROOT, imports, sources
from webapp.core.errors import Code

HEAVY = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "optuna", "dlib")
LOAD_THE_SITE = """
import sys
import django
django.setup()
from django.urls import get_resolver
import webapp.front.application
def walk(patterns):
    for pattern in patterns:
        walk(getattr(pattern, "url_patterns", []))
walk(get_resolver().url_patterns)
print(" ".join(sorted(sys.modules)))
"""
READ_ENVIRONMENT = {"webapp/config/settings.py", "launch/supervisor.py", "launch/__main__.py"}


def test_a_web_process_never_loads_what_learns() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD_THE_SITE], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = {module.split(".")[0] for module in done.stdout.split()}
    assert "django" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_no_module_is_named_for_nothing() -> None:
    nameless = {"utils", "util", "common", "helpers", "helper", "misc"}
    assert [path for path in sources(*PACKAGES, "tests") if {path.stem, *path.parent.parts} & nameless] == []


def test_status_never_changes_by_signal() -> None:
    signals = ("django.dispatch", "django.db.models.signals")
    listening = [path for path in sources("webapp") if any(name.startswith(signals) for name in imports(path))]
    assert listening == []


def test_only_settings_read_the_environment() -> None:
    def reads(path: Path) -> bool:
        text = (ROOT / path).read_text().replace("os.environ.setdefault(", "")
        return "os.environ" in text or "getenv(" in text

    assert {str(path) for path in sources("webapp", "launch") if reads(path)} <= READ_ENVIRONMENT


def test_every_package_that_is_imported_is_named_in_the_requirements() -> None:
    needed = {name.split(".")[0] for path in sources(*PACKAGES) for name in imports(path)}
    needed -= {*sys.stdlib_module_names, *PACKAGES}
    named = re.findall(r"^\w[\w.-]*", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    provided = {file.parts[0].split(".")[0] for name in named for file in files(name) or []}
    assert needed - provided == set()


def test_every_code_of_an_error_is_one_that_somebody_can_meet() -> None:
    home = Path("webapp/core/errors.py")
    text = "".join((ROOT / path).read_text() for path in sources("webapp") if path != home)
    assert [code for code in get_args(Code) if f'"{code}"' not in text] == []


def test_every_file_is_of_a_size_to_be_read() -> None:
    long = {str(path): len((ROOT / path).read_text().splitlines()) for path in sources(*PACKAGES)}
    assert {path: lines for path, lines in long.items() if lines > 300 and "/migrations/" not in path} == {}


def test_tasks_load_their_workers_when_they_run() -> None:
    tasks = [path for path in sources("webapp") if path.stem == "tasks"]
    early = [
        path for path in tasks if re.search(r"^(from|import) .*\bworker\b", (ROOT / path).read_text(), re.MULTILINE)
    ]
    assert (len(tasks) > 4, early) == (True, [])
