"""Every import keeps the contracts, and a forbidden one breaks its contract."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.architecture.planting import PLANTS, Plant
from tests.architecture.sources import PACKAGES, ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: dict[str, dict[str, Any]] = {contract["id"]: contract for contract in SETTINGS["contracts"]}
NAMING = (
    "source_modules",
    "forbidden_modules",
    "target_modules",
    "protected_modules",
    "allowed_importers",
    "gates",
    "ancestors",
)
SERVED_TO_PEOPLE = {"PIL", "chardet", "pillow_heif", "safetensors"}
"""What mlcore needs and the web processes load: none of them learns, and all start at once."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Return who imports whom."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], dict[Plant, set[str]]]:
    """Return the contracts that a copy of the project breaks by itself, and those that each plant breaks."""
    copy = tmp_path_factory.mktemp("house")
    for package in (*PACKAGES, "tests/architecture"):
        shutil.copytree(ROOT / package, copy / package, ignore=_all_but_sources)
    shutil.copy(ROOT / "pyproject.toml", copy)
    command = [sys.executable, "-m", "tests.architecture.planting"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    itself, *planted = json.loads(done.stdout.splitlines()[-1])
    return set(itself), {plant: set(broken) for plant, broken in zip(PLANTS, planted, strict=True)}


def _all_but_sources(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not (name.endswith(".py") or Path(folder, name).is_dir())}


def unmatched(contract: dict[str, Any], graph: grimp.ImportGraph) -> list[str]:
    """Return the names and patterns of a contract that stand for no module."""
    names = [name for key in NAMING for name in contract.get(key, [])]
    containers = contract.get("containers", [])
    layers = [name.strip(" ()") for layer in contract.get("layers", []) for name in layer.split("|")]
    if containers:
        empty = [name for name in layers if not any(_matches(f"{parent}.{name}", graph) for parent in containers)]
        return [name for name in (*names, *containers) if not _matches(name, graph)] + empty
    return [name for name in (*names, *layers) if not _matches(name, graph)]


def _matches(name: str, graph: grimp.ImportGraph) -> bool:
    if "*" in name:
        return bool(graph.find_matching_modules(name))
    return name in graph.modules or (name.split(".")[0] not in PACKAGES and find_spec(name) is not None)


def test_imports_keep_every_contract() -> None:
    program = Path(sys.executable).with_name("lint-imports")  # in this process it would turn all loggers off
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.contract}: {plant.file}")
def test_a_forbidden_import_breaks_its_contract_and_no_other(
    plant: Plant, harvest: tuple[set[str], dict[Plant, set[str]]]
) -> None:
    itself, planted = harvest
    closes_a_circle = planted[plant] & {"no-circles"}  # as an arrow back up often does
    assert planted[plant] - itself == {plant.contract} | closes_a_circle


def test_every_contract_is_tried() -> None:
    assert {plant.contract for plant in PLANTS} == set(CONTRACTS)


def test_no_contract_has_exceptions() -> None:
    exceptions = ("ignore", "unmatched", "skip")
    assert [key for contract in CONTRACTS.values() for key in contract if any(word in key for word in exceptions)] == []
    assert set(SETTINGS["root_packages"]) == set(PACKAGES)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_names_modules_that_exist(contract: str, graph: grimp.ImportGraph) -> None:
    assert unmatched(CONTRACTS[contract], graph) == []


def test_a_name_that_stands_for_no_module_is_told(graph: grimp.ImportGraph) -> None:
    contract = {"source_modules": ["webapp.gone", "webapp.**.gone"], "forbidden_modules": ["torch", "no_such_package"]}
    assert unmatched(contract, graph) == ["webapp.gone", "webapp.**.gone", "no_such_package"]
    layers = {"containers": ["webapp.**"], "layers": ["(views) | (gone)", "(models)"]}
    assert unmatched(layers, graph) == ["gone"]


def test_plain_modules_and_web_processes_are_kept_from_all_that_the_library_needs(graph: grimp.ImportGraph) -> None:
    outside = {name for name in graph.modules if graph.is_module_squashed(name)} - set(sys.stdlib_module_names)
    learns = {name for name in outside if _imported_by_the_library(name, graph)}
    assert set(CONTRACTS["plain-modules"]["forbidden_modules"]) == learns
    assert set(CONTRACTS["web-without-torch"]["target_modules"]) == learns - SERVED_TO_PEOPLE


def _imported_by_the_library(name: str, graph: grimp.ImportGraph) -> bool:
    return any(importer.startswith("mlcore.") for importer in graph.find_modules_that_directly_import(name))
