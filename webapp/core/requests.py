"""The request as django-htmx hands it to the views."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """A request that says whether htmx sent it."""

    htmx: HtmxDetails
