"""Addresses below /account/."""

from django.urls import path

from webapp.accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.change_password, name="change_password"),
    path("tokens/", views.create_token, name="token_create"),
    path("tokens/<uuid:token_id>/delete/", views.revoke_token, name="token_delete"),
]
