"""The settings of a method, from its card's config, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LEAST_LOSS = 0.001
"""A loss below this tells nobody more than that it is below."""

# A setting by its name; where it means something else in one method, that method's name comes before it.
LABELS: dict[str, str | Promise] = {
    "backbone.name": gettext_lazy("network"),
    "backbone.in_channels": gettext_lazy("colour channels"),
    "backbone.image_size": gettext_lazy("side of the pictures it sees, in pixels"),
    "backbone.width": gettext_lazy("width of the network"),
    "adapter": gettext_lazy("units trained on top of the network"),
    "views": gettext_lazy("views of a picture that are averaged"),
    "distance": gettext_lazy("distance"),
    "take_turns": gettext_lazy("every picture took its turn as example when it was made"),
    "shrinkage": gettext_lazy("how far the spread of your pictures is smoothed"),
    "inner_lr": gettext_lazy("size of a step"),
    "inner_steps": gettext_lazy("steps when it was made"),
    "adapt_steps": gettext_lazy("steps at most on your pictures"),
    "adapt_lr": gettext_lazy("size of a step on your pictures"),
    "adapt_decay": gettext_lazy("pull of the last layer towards zero"),
    "adapts": gettext_lazy("part that goes on learning"),
    "head_init": gettext_lazy("where the last layer starts"),
    "rates": gettext_lazy("what has a size of step of its own"),
    "inner_optimizer": gettext_lazy("rule by which it steps"),
    "inner_batch": gettext_lazy("pictures to a step when it was made"),
    "first_order": gettext_lazy("made with simpler sums"),
    "first_order_share": gettext_lazy("share of its making with simpler sums"),
    "multi_step_share": gettext_lazy("share of its making that judged every step"),
    "norm": gettext_lazy("what brightness and contrast are evened out by"),
    "scale": gettext_lazy("weight of a likeness"),
    "full_context": gettext_lazy("looks over all pictures together"),
    "context_size": gettext_lazy("numbers that a picture is summed up in for that"),
    "context_steps": gettext_lazy("looks at your pictures for each answer"),
    "loss": gettext_lazy("what its making made small"),
    "margin": gettext_lazy("distance that two classes were to keep"),
    "groups": gettext_lazy("groups evened out apart"),
    "relation.width": gettext_lazy("width of the network that compares"),
    "relation.hidden": gettext_lazy("units of its last part"),
    "relation.norm": gettext_lazy("how what it sees is evened out"),
    "relation.difference": gettext_lazy("is shown the difference too"),
    "relation.distance": gettext_lazy("counts the distance too"),
}


def settings_of(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the settings of a card's method, each with its value; one without words here goes by its field's name."""
    return [(_label(card["method"], name), _value(value)) for name, value in _flat(card["config"])]


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _label(method: str, name: str) -> str:
    label = LABELS.get(f"{method}.{name}") or LABELS.get(name)
    return str(label or name.replace("_", " ").replace(".", ", "))


def _value(value: Any) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case int() | float():
            return significant(value)
        case None | "" | "none":
            return _("none")
        case list() | tuple():
            return ", ".join(map(_value, value))
        case _:
            return str(value).replace("_", " ")


def significant(number: float) -> str:
    """Say a whole number as it is, any other with three significant digits."""
    return number_format(number if isinstance(number, int) else Decimal(f"{number:.3g}"))


def loss_in_words(loss: float) -> str:
    """Say a loss with three significant digits, unless it is next to nothing."""
    return _("under %(least)s") % {"least": significant(LEAST_LOSS)} if loss < LEAST_LOSS else significant(loss)
