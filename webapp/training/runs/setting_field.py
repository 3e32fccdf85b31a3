"""A setting as a field of a form: its label, its help and what it may be are those of its config's field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from mlcore.errors import ConfigError
from mlcore.settings import Setting


class SettingField(forms.Field):
    """One setting of a run. What is typed is read as on a command line, and refused by its label."""

    def __init__(self, setting: Setting, *, initial: Any) -> None:
        self.setting = setting
        super().__init__(
            label=_(setting.label),
            help_text=_(setting.help),
            initial=initial,
            required=setting.type is not bool,
            widget=_widget(setting),
        )

    def to_python(self, value: Any) -> Any:
        """Return the value that was typed; nothing where nothing was."""
        if value in self.empty_values:
            return None
        try:
            return self.setting.parse(str(value))
        except ConfigError as error:
            raise forms.ValidationError(str(error).replace(self.setting.name, str(self.label), 1)) from error


def _widget(setting: Setting) -> forms.Widget:
    widget: forms.Widget
    if setting.choices:
        choices = [(text, text.replace("_", " ")) for text in map(setting.text, setting.choices)]
        widget = UnfoldAdminSelectWidget(choices=choices)
    elif setting.type is bool:
        widget = UnfoldBooleanSwitchWidget()
    elif setting.type is int:
        widget = UnfoldAdminIntegerFieldWidget()
    elif setting.type is float:
        widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "any"})
    else:
        widget = UnfoldAdminTextInputWidget()
    return widget
