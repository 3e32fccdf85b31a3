"""The Glimpse site: a Django project over the meta-learning library mlcore."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
