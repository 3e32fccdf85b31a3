"""The site for Django's own server of development, and for no other: `webapp.front` serves it to people."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

if not settings.DEBUG:
    sys.exit(
        "A WSGI server holds a thread for every connection, so that one slow stranger stops it: serve Glimpse with "
        "`make run`, or its web server alone with `python -m webapp.front`."
    )

application = get_wsgi_application()
