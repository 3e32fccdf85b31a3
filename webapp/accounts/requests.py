"""The request as our middleware hands it to the views."""

from webapp.accounts.models import Owner
from webapp.core.requests import HtmxRequest


class OwnedRequest(HtmxRequest):
    """A request whose owner is known."""

    owner: Owner | None
