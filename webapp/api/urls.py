"""The addresses of the API, under ``/api/v1/``."""

from __future__ import annotations

from django.urls import path

from .site import api

urlpatterns = [path("", api.urls)]
