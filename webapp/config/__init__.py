"""How the site is put together: settings, addresses, servers and workers."""

from webapp.config.celery import app as celery_app

__all__ = ["celery_app"]
