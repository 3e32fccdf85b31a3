"""Addresses below /my/data/."""

from django.urls import path

from webapp.site.mine import views

urlpatterns = [
    path("", views.show, name="my_data"),
    path("copy/", views.copy, name="my_data_copy"),
    path("delete/", views.delete, name="my_data_delete"),
]
