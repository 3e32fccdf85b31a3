"""The Django app that gives every long piece of work a row that outlives its worker."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Register the app under the label `jobs`."""

    name = "webapp.jobs"
    label = "jobs"
