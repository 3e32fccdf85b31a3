"""An app that only the tests of jobs know."""

from django.apps import AppConfig


class RehearsalsConfig(AppConfig):
    """Register the app."""

    name = "tests.jobs.app"
    label = "rehearsals"
