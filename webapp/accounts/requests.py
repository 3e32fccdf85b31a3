"""The request as our middleware hands it to the views."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from webapp.accounts.models import Owner


class OwnedRequest(HttpRequest):
    """A request whose owner is known, and whether htmx sent it."""

    owner: Owner | None
    htmx: HtmxDetails
