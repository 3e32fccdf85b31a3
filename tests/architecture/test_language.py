"""Names and docstrings speak the language of the field; CONTRIBUTING.md has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from mlcore.faces.config import FACE_LOSSES
from mlcore.method_config import METHODS
from mlcore.run_config import settings_for
from tests.architecture.sources import ROOT

PACKAGES = ("mlcore", "webapp", "launch", "tools", "benchmarks")
BANNED = {"each", "found", "most", "said", "told", "wanted", "given"}
RECORDED = {("webapp/api/schemas/faces.py", "given"), ("webapp/faces/models.py", "given")}
"""What the API calls the time of a consent, and the column behind it."""
OPENERS = ("Give ", "Say ")
NEVER_LABELS = ("size of a step", "rule of the steps", "pull towards zero", "question", "example")


def names_bound_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module binds: variables, arguments, functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def docstrings_in(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of functions that return something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returns = ast.unparse(node.returns) if node.returns else "None"
            if returns != "None" and (docstring := ast.get_docstring(node)):
                yield docstring


def modules() -> Iterator[tuple[str, ast.AST]]:
    """Yield the path and the tree of every module but migrations, which are made."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def test_names_are_nouns_of_the_field() -> None:
    banned = {(path, name) for path, tree in modules() for name in names_bound_in(tree) if name in BANNED}
    assert banned == RECORDED


def test_docstrings_begin_with_the_verbs_of_the_field() -> None:
    openers = [(path, text) for path, tree in modules() for text in docstrings_in(tree) if text.startswith(OPENERS)]
    recorded = [path for path, _text in openers if path.startswith("webapp/api/routers/")]  # the API's descriptions
    assert [path for path, _text in openers] == recorded


def test_planted_words_are_seen() -> None:
    tree = ast.parse('def told(most: int) -> int:\n    """Give a number."""\n    return [each for each in (most,)][0]')
    assert set(names_bound_in(tree)) & BANNED == {"told", "most", "each"}
    assert [text for text in docstrings_in(tree) if text.startswith(OPENERS)] == ["Give a number."]


@pytest.mark.parametrize("method", [*METHODS, *FACE_LOSSES])
def test_labels_of_settings_are_terms_of_the_field(method: str) -> None:
    settings = settings_for(method)
    assert settings
    labels = {name: setting.label.lower() for name, setting in settings.items()}
    assert [name for name, label in labels.items() if any(word in label for word in NEVER_LABELS)] == []
