"""JSON of a row, read by its schema: what is damaged comes as its blank, with the reason, and every page can show it.

A row may be older than a rule, or have been changed by hand in the database. It is read here, and only here.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from django.db import models
from django.db.models.fields.json import KeyTransform
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mlcore.schemas import Schema, SchemaError, Text, read_json
from webapp.core.errors import UserError

UUID = Text(36, "[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", "an id")
"""The id of a row, as JSON holds it."""

ANEW = gettext_lazy("Make it anew, or restore its row from a copy of the database.")
"""What to do with most that is damaged."""


MOST_REMEMBERED = 100_000
"""Characters of the longest text whose verdict is remembered, with the text."""


class Damaged:
    """Mixin of the blank that stands for a damaged value; `raw` is what the database holds, and keeps."""

    raw: Any
    reason: str


class DamagedObject(Damaged, dict[str, Any]):
    """The blank of an object."""


class DamagedList(Damaged, list[Any]):
    """The blank of a list."""


class StoredJSON(models.JSONField):
    """A JSONField whose values are read by a schema. It is a plain JSONField to migrations.

    remedy: what people can do where a value is damaged.
    """

    kinds: ClassVar[dict[type, type[DamagedObject | DamagedList]]] = {dict: DamagedObject, list: DamagedList}

    def __init__(self, *args: Any, schema: Schema | None = None, remedy: str | Promise = ANEW, **kwargs: Any) -> None:
        self.schema, self.remedy = schema, remedy
        self.blank_value: Any = schema.blank() if schema else None
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return what a row holds, or the blank where that is not what its schema says."""
        if value is None or self.schema is None or isinstance(expression, KeyTransform):
            return super().from_db_value(value, expression, connection)
        try:
            if not isinstance(value, str):
                return self.required(value)
            if len(value) <= MOST_REMEMBERED:
                _require_sound_text(self, value)
            else:
                _require_text(self, value)
        except SchemaError as error:
            return self._blank(value, str(error))
        return json.loads(value)

    def required(self, plain: Any) -> Any:
        """Return a value; raise SchemaError if it is not what the schema says."""
        if self.schema is not None and (plain is not None or not self.null):
            self.schema.require(plain)
        return plain

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Write a damaged value back as it was: saving a row mends nothing, and loses nothing."""
        if isinstance(value, Damaged):
            return value.raw if isinstance(value.raw, str) else super().get_db_prep_value(value.raw, connection)
        return super().get_db_prep_value(value, connection, prepared)

    def _blank(self, raw: Any, reason: str) -> DamagedObject | DamagedList:
        blank = {} if self.null else self.blank_value
        damaged = self.kinds[type(blank)](blank)
        damaged.raw, damaged.reason = raw, reason
        return damaged


def _require_text(field: StoredJSON, text: str) -> None:
    """Raise SchemaError if a text is not what a field holds."""
    field.required(read_json(text))


_require_sound_text = lru_cache(maxsize=256)(_require_text)
"""Likewise, once for each text that is sound: a schema takes ten times as long as reading the JSON anew, and lists join
many rows to one checkpoint. What is damaged is asked each time, as it is sound once its method is registered."""


class Damage(NamedTuple):
    """What is damaged of a row: which field, why, and what to do."""

    field: str
    reason: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Return all of it in words, for staff."""
        values = {"field": self.field, "reason": self.reason[:300], "remedy": self.remedy}
        return _("Damaged: its %(field)s cannot be shown (%(reason)s). %(remedy)s") % values


def damage_of(row: models.Model) -> list[Damage]:
    """Return which JSON of a row is damaged; nothing where all of it is sound."""
    fields = [field for field in row._meta.concrete_fields if isinstance(field, StoredJSON)]
    values = [(field, row.__dict__.get(field.attname)) for field in fields]
    return [
        Damage(str(field.verbose_name), value.reason, str(field.remedy))
        for field, value in values
        if isinstance(value, Damaged)
    ]


def require_sound(*rows: models.Model | None) -> None:
    """Raise UserError, with the reason, where something is to be done with what is damaged."""
    for row in filter(None, rows):
        if damage := damage_of(row):
            raise UserError("damaged", " ".join(part.sentence for part in damage))
