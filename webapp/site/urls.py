"""Addresses of the pages about the site itself, and about what one has here."""

from django.urls import include, path

from webapp.site import views

urlpatterns = [
    path("", views.home, name="home"),
    path("privacy/", views.privacy, name="privacy"),
    path("my/data/", include("webapp.site.mine.urls")),
    path("examples/", include("webapp.site.examples.urls")),
]
