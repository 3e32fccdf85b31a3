"""The ASGI entry point of the site."""

import os

from django.core.asgi import get_asgi_application

from webapp.config.earlier_layout import refuse_earlier_layout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

application = get_asgi_application()
refuse_earlier_layout()
