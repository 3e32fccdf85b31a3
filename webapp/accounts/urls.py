"""Addresses below /account/."""

from django.urls import path

from webapp.accounts.views import account, resets, signing_in

urlpatterns = [
    path("", account.account, name="account"),
    path("sign-up/", signing_in.sign_up, name="sign_up"),
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("password/", account.change_password, name="change_password"),
    path("reset/", resets.AskForLink.as_view(), name="password_reset"),
    path("reset/sent/", resets.sent, name="password_reset_sent"),
    path("reset/<str:uidb64>/<str:token>/", resets.ChoosePassword.as_view(), name="password_reset_confirm"),
    path("address/", account.change_address, name="address_change"),
    path("address/<str:token>/", account.confirm_address, name="address_confirm"),
    path("tokens/", account.create_token, name="token_create"),
    path("tokens/revoke/", account.revoke_tokens, name="tokens_revoke"),
    path("tokens/<uuid:token_id>/delete/", account.revoke_token, name="token_delete"),
]
