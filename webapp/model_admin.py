"""The `ModelAdmin` that every admin of the project derives from: unfold's, with the types of Django's."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
else:
    from unfold.admin import ModelAdmin as ModelAdmin
