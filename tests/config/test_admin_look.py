"""The admin is Glimpse's own: every page of it in one dress, and a navigation that shows what one may see."""

from __future__ import annotations

import pytest
from django.contrib.admin import site as admin_site
from django.contrib.auth.models import Permission, User
from django.test import Client
from unfold.admin import ModelAdmin


@pytest.mark.parametrize("model", list(admin_site._registry), ids=lambda model: model.__name__)
def test_every_admin_derives_from_unfolds(model: type) -> None:
    assert isinstance(admin_site._registry[model], ModelAdmin)  # type: ignore[index]


@pytest.mark.django_db
def test_the_navigation_lists_every_registered_model_once() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    groups = client.get("/admin/").context["sidebar_navigation"]
    assert [str(group["title"]) for group in groups] == ["Training", "Site", "Accounts"]
    links = [item["link"] for group in groups for item in group["items"]]
    listed = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin_site._registry}
    assert sorted(links) == sorted(listed)


@pytest.mark.django_db
def test_the_navigation_shows_only_what_one_may_see() -> None:
    narrow = User.objects.create_user("narrow", is_staff=True)
    narrow.user_permissions.add(Permission.objects.get(codename="view_checkpoint"))
    client = Client()
    client.force_login(narrow)
    groups = client.get("/admin/").context["sidebar_navigation"]
    assert [[item["link"] for item in group["items"]] for group in groups] == [["/admin/checkpoints/checkpoint/"]]
    assert client.get("/admin/accounts/owner/").status_code == 403


@pytest.mark.django_db
def test_the_sign_in_page_bears_the_name_and_loads_nothing_of_others() -> None:
    shown = Client().get("/admin/login/").content.decode()
    assert "<title>" in shown
    assert "Glimpse" in shown
    assert "https://" not in shown


@pytest.mark.django_db
def test_its_pages_meet_late_answers_as_those_of_the_site_do() -> None:
    shown = Client().get("/admin/login/").content.decode()
    assert '<script src="/static/glimpse/late-answers.js"></script>' in shown
