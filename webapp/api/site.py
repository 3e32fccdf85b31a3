"""The API as a whole: its parts, who may use it, its schema and its page."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from ninja import NinjaAPI, Router, Swagger

from .auth import TokenAuth
from .errors import register_handlers
from .parsing import TypedParser
from .routers import checkpoints, classifiers, face_gallery, faces, predictions, support_sets

DESCRIPTION = """Teach a computer to recognise things from a few labelled pictures, and ask it what new ones show.

Make a token on your account page and press *Authorize*. What a token may do is its scope: `read`,
`classify`, which includes it, or `train`, which includes both; each operation says which it needs.
Every error is `{"code", "message"}`."""

api = NinjaAPI(
    title="Glimpse",
    version="1",
    description=DESCRIPTION,
    parser=TypedParser(),
    docs=Swagger(settings={"validatorUrl": None, "tryItOutEnabled": True}),
    urls_namespace="api",
)
register_handlers(api)


def add_router(prefix: str, router: Router) -> None:
    """Add a part of the API, with the scope of each operation in the schema.

    Raise ImproperlyConfigured for an operation that declares none: it would be open to everybody.
    """
    for view in router.path_operations.values():
        for operation in view.operations:
            auth = operation.auth_param
            if not isinstance(auth, TokenAuth):
                name = operation.view_func.__name__
                raise ImproperlyConfigured(f"{name} declares no scope: give its decorator auth=READ, CLASSIFY or TRAIN")
            operation.description = f"{operation.description}\n\nScope: `{auth.scope.value}`."
            operation.openapi_extra = {**(operation.openapi_extra or {}), "x-scope": auth.scope.value}
    api.add_router(prefix, router)


add_router("/support-sets", support_sets.router)
add_router("/classifiers", classifiers.router)
add_router("/predictions", predictions.router)
add_router("/checkpoints", checkpoints.router)
add_router("/faces", faces.router)
add_router("/faces", face_gallery.router)
