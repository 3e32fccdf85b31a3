"""Members of staff, and their way into the admin."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.stack import Stack

PASSWORD = "tests guard nothing"
MAKE = """
from django.contrib.auth.models import User
user, made = User.objects.get_or_create(username={name!r}, defaults={{"is_staff": True, "is_superuser": True}})
user.set_password({password!r})
user.save()
"""


def staff_name(stack: Stack, name: str = "sue") -> str:
    """Make a member of staff who may do everything, and return the name."""
    stack.manage("shell", "--command", MAKE.format(name=name, password=PASSWORD))
    return name


def sign_in(page: Page, name: str) -> None:
    """Sign in to the admin."""
    page.goto("/admin/")
    page.locator("#id_username").fill(name)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("#nav-sidebar-apps")
