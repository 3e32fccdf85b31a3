"""Draw the example pictures ahead of the first visitor."""

from django.core.management.base import BaseCommand

from webapp.examples.catalogue import EXAMPLES
from webapp.examples.drawing import picture_path


class Command(BaseCommand):
    """Draw what is not drawn yet; costs nothing the second time."""

    help = "Draws the example pictures into the data folder, unless they are there."

    def handle(self, *args: object, **options: object) -> None:
        """Draw both examples."""
        for example in EXAMPLES.values():
            picture_path(example, example.cover_names[0])
