"""What the two examples are called and what they hold; no picture is drawn here."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Example:
    """A ready-made support set and the queries that go with it."""

    slug: str
    kind: str
    title: str | Promise
    sentence: str | Promise
    classes: dict[str, str | Promise]  # subject in the pictures' file names -> class name that people read
    shots: int
    queries: tuple[str, ...]  # subjects of the queries; one may be in no class

    @property
    def support_names(self) -> dict[str, list[str]]:
        """Return the picture names of every class."""
        return {subject: [f"{subject}-{shot}" for shot in range(self.shots)] for subject in self.classes}

    @property
    def query_names(self) -> list[str]:
        """Return the picture names of the queries."""
        return [f"query-{position}-{subject}" for position, subject in enumerate(self.queries)]

    @property
    def cover_names(self) -> list[str]:
        """Return one picture name for each class, to show the example by."""
        return [names[0] for names in self.support_names.values()]

    @property
    def glimpse_names(self) -> list[str]:
        """Return six more picture names, to show what Glimpse is about."""
        seconds = [names[1] for names in self.support_names.values()]
        return [*seconds, *(names[2] for names in self.support_names.values())][:6]


EXAMPLES = {
    example.slug: example
    for example in (
        Example(
            slug="fruit",
            kind="photos",
            title=_("Fruit"),
            sentence=_(
                "Five fruits, four pictures of each. Then seven new pictures, one of which is no fruit it knows."
            ),
            classes={
                "apple": _("Apple"),
                "banana": _("Banana"),
                "lemon": _("Lemon"),
                "pear": _("Pear"),
                "strawberry": _("Strawberry"),
            },
            shots=4,
            queries=("strawberry", "pear", "apple", "lemon", "plum", "banana", "apple"),
        ),
        Example(
            slug="signs",
            kind="characters",
            title=_("Pen-drawn signs"),
            sentence=_("Six signs of an invented script, three drawings of each. Then eight more in other hands."),
            classes={
                "anchor": _("Anchor"),
                "fork": _("Fork"),
                "gate": _("Gate"),
                "kite": _("Kite"),
                "snail": _("Snail"),
                "wave": _("Wave"),
            },
            shots=3,
            queries=("snail", "kite", "anchor", "wave", "gate", "fork", "kite", "snail"),
        ),
    )
}
