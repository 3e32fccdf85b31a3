"""A recording is read as it was written, and whatever differs from it is named."""

from __future__ import annotations

import json

from tests.unchanged.recordings import agree, differences, wrapped


def test_what_is_wrapped_is_the_same_json_with_one_entry_a_line() -> None:
    value = {"b": {"long": "x" * 80, "longer": ["y" * 80, "z" * 80]}, "a": {"default": 0}, "c": []}
    text = wrapped(value)
    assert json.loads(text) == value
    assert text.splitlines()[1:3] == [' "a": {"default": 0},', ' "b": {']
    assert text.splitlines()[-2:] == [' "c": []', "}"]


def test_a_difference_is_named_with_its_place() -> None:
    recorded = {"train": {"--steps": {"default": 10}, "--old": {}}, "card": {"keys": ["a", "b"]}}
    current = {"train": {"--steps": {"default": 20}, "--new": {"default": 1}}, "card": {"keys": ["b", "c"]}}
    assert list(differences(recorded, current)) == [
        'changed  card › keys: removed ["a"], added ["c"]',
        'added    train › --new: {"default": 1}',
        "removed  train › --old: {}",
        "changed  train › --steps › default: 10 -> 20",
    ]


def test_nothing_differs_from_itself() -> None:
    assert list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})) == []


def test_rows_agree_within_rounding_alone() -> None:
    assert agree([[0.5, 0.3, 0.2]], [[0.5004, 0.2998, 0.1998]])
    assert not agree([[0.5, 0.3, 0.2]], [[0.502, 0.299, 0.199]])
    assert not agree([[0.4502, 0.4498, 0.1]], [[0.4499, 0.4501, 0.1]])
    assert not agree([[0.5, 0.3, 0.2]], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
