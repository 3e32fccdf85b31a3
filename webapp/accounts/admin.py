"""Staff see that owners exist, and nothing of what they made; users and groups look as the rest.

Those who register them first are imported here, so that this module can take their place.
"""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from webapp.accounts import tokens
from webapp.accounts.models import Owner
from webapp.accounts.passwords import resets
from webapp.accounts.services import owner_of_user
from webapp.core.staff.model_admin import ModelAdmin
from webapp.core.staff.people_list import PeopleListAdmin

admin.site.unregister([User, Group])


@admin.register(Owner)
class OwnerAdmin(PeopleListAdmin[Owner]):
    """Users and guests who made something."""

    list_display = ["id", "user", "created", "last_seen"]
    list_filter = ["created"]
    list_select_related = ["user"]


class StaffPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    """What staff set somebody's password with: whoever had the old one is out, programs included."""

    def save(self, commit: bool = True) -> User:
        """Set the password, and revoke the user's tokens."""
        user: User = super().save(commit)
        tokens.revoke_all(owner=owner_of_user(user=user))
        return user


@admin.register(User)
class UserAdmin(PlainUserAdmin[User], ModelAdmin[User]):
    """Who has an account, and what they may do."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = StaffPasswordForm
    actions = ("send_reset_links",)

    @admin.action(description=gettext_lazy("Send a link to choose a new password"), permissions=["change"])
    def send_reset_links(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Send the link to those who have an address; say how the others get one."""
        reached = queryset.filter(is_active=True).exclude(email="")
        for user in reached:
            resets.send_link(user)
            self.log_change(request, user, _("A link to choose a new password was sent."))
        if n := len(reached):
            messages.success(request, _("Links on their way: %(n)d.") % {"n": n})
        if names := ", ".join(user.username for user in queryset.exclude(pk__in=[user.pk for user in reached])):
            sentence = _(
                "No e-mail address, or not active: %(names)s. `manage.py password_reset_link NAME` prints a link."
            )
            messages.warning(request, sentence % {"names": names})


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin[Group]):
    """Permissions that several members of staff share."""
