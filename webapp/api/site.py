"""The API as a whole: its parts, who may use it, its schema and its page."""

from __future__ import annotations

from ninja import NinjaAPI, Swagger

from .auth import TokenAuth
from .errors import register_handlers
from .parsing import TypedParser
from .routers import checkpoints, classifiers, face_gallery, faces, predictions, support_sets

DESCRIPTION = """Teach a computer to recognise things from a few labelled pictures, and ask it what new ones show.

Make a token on your account page and press *Authorize*. Every error is `{"code", "message"}`."""

api = NinjaAPI(
    title="Glimpse",
    version="1",
    description=DESCRIPTION,
    auth=TokenAuth(),
    parser=TypedParser(),
    docs=Swagger(settings={"validatorUrl": None, "tryItOutEnabled": True}),
    urls_namespace="api",
)
register_handlers(api)
api.add_router("/support-sets", support_sets.router)
api.add_router("/classifiers", classifiers.router)
api.add_router("/predictions", predictions.router)
api.add_router("/checkpoints", checkpoints.router)
api.add_router("/faces", faces.router)
api.add_router("/faces", face_gallery.router)
