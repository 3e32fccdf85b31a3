"""The app of the two examples."""

from django.apps import AppConfig


class ExamplesConfig(AppConfig):
    """Examples: no rows of its own, only pictures drawn by program."""

    name = "webapp.examples"
