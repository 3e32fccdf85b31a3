"""The WSGI entry point of the site."""

import os

from django.core.wsgi import get_wsgi_application

from webapp.config.earlier_layout import refuse_earlier_layout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

application = get_wsgi_application()
refuse_earlier_layout()
