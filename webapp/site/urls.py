"""Addresses of the pages about the site itself."""

from django.urls import include, path

from webapp.site import views

urlpatterns = [
    path("", views.home, name="home"),
    path("privacy/", views.privacy, name="privacy"),
    path("examples/", include("webapp.site.examples.urls")),
]
