"""What a request's body must be before any field of it is looked at, and what a name in its address may be."""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

from django.http import HttpRequest
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.parser import Parser
from pydantic import AfterValidator

from webapp.core.errors import UserError


class NameConverter(StringConverter):
    """Take any name in an address, whatever is in it: `path` takes slashes, but no new lines."""

    regex = "(?s:.+)"


register_converter(NameConverter, "name")


class TypedParser(Parser):
    """Refuse a body of the wrong content type instead of finding none of its fields."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Read a JSON body."""
        _require(request, "application/json")
        try:
            return cast(dict[str, Any], json.loads(request.body))
        except (ValueError, RecursionError) as error:
            raise UserError("invalid_json", _("The body of the request is not valid JSON.")) from error

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Read the fields of a query string, or those of a multipart body."""
        if data is not request.GET:
            _require(request, "multipart/form-data")
        return super().parse_querydict(data, list_fields, request)


def _require(request: HttpRequest, content_type: str) -> None:
    """Refuse a body of another type."""
    if request.content_type != content_type:
        raise UserError("unsupported_content_type", _("Send the body as %(type)s.") % {"type": content_type})


def _storable(text: str) -> str:
    """Refuse what is no text: half a surrogate pair, or the null character."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(_("Text may not hold null characters or halves of surrogate pairs"))
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""Text that a database can hold."""
