"""The kinds of picture as pages name them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mlcore.config import KINDS
from webapp.checkpoints.models import Checkpoint

TITLES: dict[str, tuple[Promise, Promise]] = {
    "photos": (_("Photos"), _("Things, plants, animals, products: anything a camera sees.")),
    "characters": (_("Characters & drawings"), _("Letters, signs and sketches: ink on paper, or drawn here.")),
}


@dataclass(frozen=True)
class KindChoice:
    """A kind that can be learned, in words for people."""

    name: str
    title: str | Promise
    sentence: str | Promise


def kind_choices() -> list[KindChoice]:
    """Return the kinds that have a live checkpoint, photos first."""
    live = Checkpoint.objects.live().values_list("kind", flat=True)
    order = list(TITLES)
    return [_choice(name) for name in sorted(live, key=lambda name: (order.index(name) if name in order else 99, name))]


def title_of_kind(name: str) -> str:
    """Return the title of a kind."""
    return str(_choice(name).title)


def _choice(name: str) -> KindChoice:
    described = KINDS[name].description if name in KINDS else ""
    title, sentence = TITLES.get(name, (name.capitalize(), described))
    return KindChoice(name, title, sentence)
