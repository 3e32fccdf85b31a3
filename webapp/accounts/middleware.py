"""Set on every request the owner who makes it, and on answers which browser somebody signed in with."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from webapp.accounts import services
from webapp.accounts.passwords import devices


class OwnerMiddleware:
    """Set ``request.owner``: an Owner or None, looked up when it is first asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.owner = SimpleLazyObject(lambda: services.owner_of(request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        devices.set_cookie(request, response)
        return response
