"""What the two examples are called and what they hold; no picture is drawn here."""

from dataclasses import dataclass
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STATIC = Path(__file__).parents[1] / "static"


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

    def static_path(self, name: str) -> str:
        """Return the address of one picture below the static files."""
        return f"examples/{self.slug}/{name}.webp"

    def file(self, name: str) -> Path:
        """Return the file of one picture."""
        return STATIC / self.static_path(name)

    @property
    def covers(self) -> list[str]:
        """Return one picture of each class, to show the example by."""
        return [self.static_path(names[0]) for names in self.support_names.values()]

    @property
    def glimpses(self) -> list[str]:
        """Return another picture of each class, to show what Glimpse is about."""
        return [self.static_path(names[1]) for names in self.support_names.values()]


EXAMPLES = {
    example.slug: example
    for example in (
        Example(
            slug="fruit",
            kind="photos",
            title=_("Fruit"),
            sentence=_(
                "Six fruits, four pictures of each. Then seven new pictures, one of which is a fruit it has never seen."
            ),
            classes={
                "apple": _("Apple"),
                "banana": _("Banana"),
                "lemon": _("Lemon"),
                "orange": _("Orange"),
                "pear": _("Pear"),
                "strawberry": _("Strawberry"),
            },
            shots=4,
            queries=("strawberry", "pear", "orange", "lemon", "plum", "banana", "apple"),
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
