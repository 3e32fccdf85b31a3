"""Addresses below /examples/."""

from django.urls import path

from webapp.site.examples import views

urlpatterns = [
    path("<slug:slug>/", views.start, name="example"),
    path("<slug:slug>/queries/<uuid:classifier_id>/", views.ask, name="example_queries"),
]
