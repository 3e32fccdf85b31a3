"""Staff see that owners exist, and nothing of what they made; users, groups and attempts to sign in look as the rest.

Those who register them first are imported here, so that this module can take their place.
"""

from __future__ import annotations

from axes import admin as axes
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from webapp.accounts.models import Owner
from webapp.core.staff.model_admin import ModelAdmin
from webapp.core.staff.people_list import PeopleListAdmin

admin.site.unregister([User, Group, axes.AccessAttempt, axes.AccessLog, axes.AccessFailureLog])


@admin.register(Owner)
class OwnerAdmin(PeopleListAdmin[Owner]):
    """Users and guests who made something."""

    list_display = ["id", "user", "created", "last_seen"]
    list_filter = ["created"]
    list_select_related = ["user"]


@admin.register(User)
class UserAdmin(PlainUserAdmin[User], ModelAdmin[User]):
    """Who has an account, and what they may do."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin[Group]):
    """Permissions that several members of staff share."""


@admin.register(axes.AccessAttempt)
class AccessAttemptAdmin(axes.AccessAttemptAdmin, ModelAdmin[axes.AccessAttempt]):  # type: ignore[misc]
    """Who is being kept from guessing passwords."""

    actions = None  # axes' own needs no right, and fails


@admin.register(axes.AccessLog)
class AccessLogAdmin(axes.AccessLogAdmin, ModelAdmin[axes.AccessLog]):  # type: ignore[misc]
    """Who signed in."""


@admin.register(axes.AccessFailureLog)
class AccessFailureLogAdmin(axes.AccessFailureLogAdmin, ModelAdmin[axes.AccessFailureLog]):  # type: ignore[misc]
    """Who failed to."""
