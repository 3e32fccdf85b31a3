"""The application that the server calls: the site behind its reception."""

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from webapp.front.reception import Reception

application = Reception(get_wsgi_application())
get_resolver().url_patterns  # noqa: B018 - read now, so that no request waits for all the views to be loaded
