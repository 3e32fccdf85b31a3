"""Every folder is a room one can look over, and the tests mirror the code."""

from collections import Counter
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, sources

FLAT_BY_DESIGN = {"mlcore/methods", "mlcore/backbones"}
ACROSS_ROOMS = {"architecture", "journeys", "unchanged"}
"""Folders of tests that look at the whole house, not at a room."""


def crowded(modules: list[Path]) -> dict[str, int]:
    """Return the folders with more than ten modules, of those that such a list of modules fills."""
    counted = [
        path for path in modules if path.stem not in {"__init__", "__main__"} and path.parent.name != "migrations"
    ]
    sizes = Counter(str(path.parent) for path in counted)
    return {folder: size for folder, size in sizes.items() if size > 10 and folder not in FLAT_BY_DESIGN}


def test_no_folder_holds_more_than_ten_modules() -> None:
    assert crowded(list(sources("webapp", "mlcore"))) == {}


def test_an_eleventh_module_is_counted() -> None:
    ten = [Path("webapp/app", f"{name}.py") for name in ("__init__", *"abcdefghij")]
    assert crowded(ten) == {}
    assert crowded([*ten, Path("webapp/app/k.py"), *(Path("mlcore/methods", f"{name}.py") for name in range(11))]) == {
        "webapp/app": 11
    }


def test_the_root_of_the_site_holds_apps_alone() -> None:
    assert [path.name for path in (ROOT / "webapp").glob("*.py")] == ["__init__.py"]


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in sources(*PACKAGES, "tests")}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()] == []


def test_every_folder_of_tests_mirrors_one_of_the_code() -> None:
    folders = {path.parent.relative_to("tests") for path in sources("tests") if path.name.startswith("test_")}
    mirrors = {str(folder) for folder in folders if folder.parts[0] not in ACROSS_ROOMS}
    assert [name for name in sorted(mirrors) if not ((ROOT / name).is_dir() or (ROOT / "webapp" / name).is_dir())] == []


def test_every_app_and_every_room_of_the_library_has_tests() -> None:
    apps = {path.parent.name for path in (ROOT / "webapp").glob("*/__init__.py")}
    rooms = {f"mlcore/{path.parent.name}" for path in (ROOT / "mlcore").glob("*/__init__.py")}
    untested = [
        name for name in apps | rooms | {"launch", "tools"} if not [*(ROOT / "tests" / name).rglob("test_*.py")]
    ]
    assert untested == []
