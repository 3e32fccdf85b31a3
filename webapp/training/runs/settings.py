"""The settings of a run: checked by building the very config that `mlcore` trains with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mlcore.config import BACKBONES, KINDS, shape_of
from mlcore.documents import Document, setting_among, value_at, with_defaults, with_values
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES, FACE_NETWORKS
from mlcore.run_config import PARTS, FaceRunConfig, MetaRunConfig, run_config_type, settings_for
from webapp.checkpoints.shown_settings import ShownSetting, shown
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.datasets.models import DatasetVersion
from webapp.training.models.runs import RunSettings

AnyRunConfig = MetaRunConfig | FaceRunConfig

EPISODE = ("k_shot", "n_query", "n_rotations")
WAYS = ("episodes.n_way", "training.people_per_step")
"""How many classes, or people, a step is made of: no more than the data has."""
# What a first run wants to be: it shows its curves move within a minute, and loses little when it is broken off.
FIRST_RUN: dict[str, Any] = {
    "episodes.n_way": 20,
    "episodes.n_query": 2,
    "training.max_minutes": 20.0,
    "training.validate_every": 200,
    "training.save_every": 200,
}


def defaults_of(document: Document, version: DatasetVersion | None = None) -> dict[str, Any]:
    """Return by dotted name the defaults of a first run, as what a document says of it and its data have them."""
    config = run_config_type(kind=document.get("kind"), method=document.get("method"))
    known = config.all_settings(document)
    defaults = {name: value for name, value in {**FIRST_RUN, **config.usual(document)}.items() if name in known}
    ways = ways_in(version, with_defaults(document, defaults)) if version else None
    if ways is not None:
        asked = {name: defaults.get(name, known[name].default) for name in WAYS if name in known}
        defaults |= {name: min(value, max(ways, 2)) for name, value in asked.items()}
    return defaults


def ways_in(version: DatasetVersion, document: Document) -> int | None:
    """Count the classes, or people, that a step of a run can be made of; nothing where the data does not tell."""
    config = run_config_type(kind=document.get("kind"), method=document.get("method"))
    if config is FaceRunConfig:
        return version.n_to_train_on(1)
    known = config.all_settings(document)
    episode = {name: value_at(document, f"episodes.{name}", known[f"episodes.{name}"].default) for name in EPISODE}
    classes = version.n_to_train_on(episode["k_shot"] + episode["n_query"])
    return None if classes is None else classes * episode["n_rotations"]


def parsed(name: str, text: str, *, method: str) -> Any:
    """Return the value that a text stands for, unchecked; raise UserError if there is no such setting or value."""
    with refused():
        return setting_among(settings_for(method), name).convert(text)


@contextmanager
def refused() -> Iterator[None]:
    """Turn what mlcore refuses into what staff can mend."""
    try:
        yield
    except ConfigError as error:
        raise UserError("bad_setting", str(error), field=error.field) from error


def checked(*, version: DatasetVersion | None = None, **document: Any) -> AnyRunConfig:
    """Build a run's config; raise UserError with the dotted name of a wrong setting.

    The kind fixes the transform, and that the backbone's channels and size, so that these need not be said; what else
    is left out has the defaults of its kind, and of the version that is trained on.
    """
    with refused():
        config = run_config_type(kind=document.get("kind"), method=document.get("method"))
        document = with_values(document, _fixed(config, document))
        return config.from_dict(with_defaults(document, defaults_of(document, version)))


def changed(row: RunSettings, values: Mapping[str, Any]) -> AnyRunConfig:
    """Check what a row holds with some settings replaced; raise UserError with the name of a wrong one."""
    require_sound(row)
    with refused():
        for name in values:
            setting_among(settings_for(row.method), name)
    return checked(**with_values(row.config, values))


def _fixed(config: type[AnyRunConfig], document: Document) -> dict[str, Any]:
    """Return what the kind of picture leaves no choice in."""
    known = KINDS.get(document.get("kind", ""))
    shape = shape_of(known.transform if known else document.get("transform") or "")
    if config is FaceRunConfig or shape is None:
        return {}
    return {"method_config.backbone.in_channels": shape.channels, "method_config.backbone.image_size": shape.side}


def checked_row(row: RunSettings) -> AnyRunConfig:
    """Check what a row holds once more."""
    require_sound(row)
    return checked(**row.config)


def is_fixed(name: str) -> bool:
    """Return whether the kind of picture leaves no choice in a setting."""
    return name.endswith(("backbone.in_channels", "backbone.image_size"))


def row_fields(config: AnyRunConfig) -> dict[str, Any]:
    """Return the fields of a `RunSettings` row."""
    document = config.to_dict()
    kept = {name: document[name] for name in ("kind", "transform", "method", *PARTS) if name in document}
    return {"config": kept, "kind": config.kind, "method": config.method}


def room_needed(run: RunSettings) -> int:
    """Bound what a run puts on the disk: its last two states and the next, in its own folder and in the storage."""
    require_sound(run)
    return 6 * _state_bytes(run.config["method_config"], is_of_faces=run.method in FACE_LOSSES)


def _state_bytes(method_config: Mapping[str, Any], *, is_of_faces: bool) -> int:
    """Bound what one training state takes: weights, the best ones and two moments of each, or a pretrained one's."""
    backbone = method_config["backbone"]
    width: int = max(backbone["width"], method_config.get("adapter", 0))
    known = FACE_NETWORKS if is_of_faces else BACKBONES
    layers = 1 if known[backbone["name"]].pretrained else 8
    return 4 * 4 * (9 * width * width * layers + 2**20)


def settings_of_run(run: RunSettings) -> list[ShownSetting]:
    """Return every setting of a run in words."""
    return shown(run.method, {part: run.config[part] for part in PARTS if part in run.config})
