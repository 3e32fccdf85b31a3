"""The settings of a run: checked by building the very configs that `mlcore` trains with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from mlcore.config import BACKBONES, KINDS, SHAPES, BackboneConfig, Config, EpisodeConfig, TrainingConfig
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES, FACE_NETWORKS, FACES, FaceLossConfig, FaceNetworkConfig, FaceTrainingConfig
from mlcore.method_config import METHODS, MethodConfig
from webapp.core.errors import UserError
from webapp.training.models.runs import RunSettings

Values = Mapping[str, Any]
C = TypeVar("C")

# What a first run wants to be: it shows its curves move within a minute, and loses little when it is broken off.
DEFAULTS: dict[str, dict[str, Any]] = {
    "episodes": {"n_way": 20, "n_query": 2},
    "training": {"max_minutes": 20.0, "validate_every": 200, "save_every": 200},
    "method_config": {},
}


@dataclass(frozen=True, kw_only=True)
class CheckedSettings:
    """Settings that `mlcore` takes."""

    kind: str
    transform: str
    method: str
    method_config: MethodConfig | FaceLossConfig
    episodes: EpisodeConfig | None  # faces are not learned in episodes
    training: TrainingConfig | FaceTrainingConfig

    def fields(self) -> dict[str, Any]:
        """Give the fields of a `RunSettings` row."""
        plain = {"kind": self.kind, "transform": self.transform, "method": self.method}
        configs = {"method_config": self.method_config, "episodes": self.episodes, "training": self.training}
        return {**plain, **{name: config.to_dict() if config else {} for name, config in configs.items()}}


def configs_of(method: str) -> dict[str, type[Config]]:
    """Give the configs that a method's settings are made of, by group; a loss for faces knows no episodes."""
    if method in FACE_LOSSES:
        loss = FACE_LOSSES[method].config
        return {"training": FaceTrainingConfig, "backbone": FaceNetworkConfig, "method_config": loss}
    config = METHODS[method].config if method in METHODS else MethodConfig
    return {
        "episodes": EpisodeConfig,
        "training": TrainingConfig,
        "backbone": BackboneConfig,
        "method_config": config,
    }


def checked(
    *, kind: str, transform: str = "", method: str, method_config: Values, episodes: Values, training: Values
) -> CheckedSettings:
    """Build the configs; raise UserError with the field's name, `episodes.n_way` and so on.

    The backbone takes pictures as the transform makes them, so its channels and size need not be said.
    """
    if method in FACE_LOSSES:
        return _checked_for_faces(kind=kind, method=method, method_config=method_config, training=training)
    transform = _transform(kind, transform)
    if method not in METHODS:
        raise UserError("unknown_method", _("There is no such method."), field="method")
    channels, side = SHAPES[transform]
    given = {**dict(method_config.get("backbone", {})), "in_channels": channels, "image_size": side}
    backbone = _built("backbone", BackboneConfig.from_dict, given)
    values = {**method_config, "backbone": backbone}
    return CheckedSettings(
        kind=kind,
        transform=transform,
        method=method,
        method_config=_built("method_config", METHODS[method].config.from_dict, values),
        episodes=_built("episodes", EpisodeConfig.from_dict, {**DEFAULTS["episodes"], **episodes}),
        training=_built("training", TrainingConfig.from_dict, {**DEFAULTS["training"], **training}),
    )


def _checked_for_faces(*, kind: str, method: str, method_config: Values, training: Values) -> CheckedSettings:
    if kind != FACES:
        message = _("%(method)s learns faces alone; choose the kind “%(kind)s”.")
        raise UserError("faces_alone", message % {"method": method, "kind": FACES}, field="kind")
    network = _built("backbone", FaceNetworkConfig.from_dict, method_config.get("backbone", {}))
    return CheckedSettings(
        kind=kind,
        transform="aligned",
        method=method,
        method_config=_built(
            "method_config", FACE_LOSSES[method].config.from_dict, {**method_config, "backbone": network}
        ),
        episodes=None,
        training=_built("training", FaceTrainingConfig.from_dict, {**DEFAULTS["training"], **training}),
    )


def checked_row(row: RunSettings) -> CheckedSettings:
    """Check what a row holds once more."""
    return checked(
        kind=row.kind,
        transform=row.transform,
        method=row.method,
        method_config=row.method_config,
        episodes=row.episodes,
        training=row.training,
    )


def _transform(kind: str, transform: str) -> str:
    """Give the transform of a kind; raise UserError if its name is none, or a new one leaves the transform open."""
    if kind in KINDS:
        return KINDS[kind].transform
    if kind == FACES:
        message = _("Faces are learned by one of %(names)s.") % {"names": ", ".join(FACE_LOSSES)}
        raise UserError("faces_need_a_loss", message, field="method")
    if not re.fullmatch("[a-z0-9_-]{1,50}", kind):
        message = _("A kind's name has small letters, digits, - and _, and at most 50 of them.")
        raise UserError("bad_kind", message, field="kind")
    if transform not in SHAPES:
        message = _("A new kind of picture needs one of the transforms: %(names)s.") % {"names": ", ".join(SHAPES)}
        raise UserError("bad_transform", message, field="transform")
    return transform


def _built(group: str, build: Callable[[Values], C], values: Values) -> C:
    """Build a config, and name the field in the words of its form if that fails."""
    try:
        return build(values)
    except ConfigError as error:
        name = error.field or "name"
        raise UserError("bad_setting", str(error), field=f"{group}.{name}") from error
    except TypeError as error:
        message = _("A setting is of the wrong sort: %(error)s.") % {"error": error}
        raise UserError("bad_setting", message, field=group) from error


def parsed(group: str, name: str, text: str, *, method: str) -> Any:
    """Turn a text into the value of a setting; raise UserError if there is none such, or it cannot be."""
    config = configs_of(method).get(group)
    kinds = {entry.name: entry.type for entry in fields(config)} if config else {}  # type: ignore[arg-type]
    said = {"name": f"{group}.{name}", "text": text}
    if name not in kinds or kinds[name] not in (bool, int, float, str):
        message = _("There is no setting %(name)s.") % said
        raise UserError("bad_setting", message, field=said["name"])
    try:
        return _TRUTHS[text] if kinds[name] is bool else kinds[name](text)  # type: ignore[operator]
    except (ValueError, KeyError) as error:
        message = _("%(name)s cannot be %(text)s.") % said
        raise UserError("bad_setting", message, field=said["name"]) from error


_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def room_needed(run: RunSettings) -> int:
    """Bound what a run puts on the disk: its last two states and the next, in its own folder and in the storage."""
    return 6 * _state_bytes(run)


def _state_bytes(run: RunSettings) -> int:
    """Bound what one training state takes: weights, the best ones and two moments of each, or a pretrained one's."""
    backbone = run.method_config["backbone"]
    width: int = max(backbone["width"], run.method_config.get("adapter", 0))
    known = FACE_NETWORKS if run.method in FACE_LOSSES else BACKBONES
    layers = 1 if known[backbone["name"]].pretrained else 8
    return 4 * 4 * (9 * width * width * layers + 2**20)
