"""Which addresses take uploads, and how large: found out from forms and operations, so that a new one is in it."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from webapp.api.site import api
from webapp.core.errors import Refusal
from webapp.front.bodies import UPLOADS, check_length, upload_limit

TEMPLATES = Path(settings.BASE_DIR, "templates")
MEGABYTE = 1024 * 1024


def address(name: str) -> str:
    """Return an address of this name, with some id in it."""
    for ids in ([], [uuid4()], [uuid4(), uuid4()]):
        try:
            return reverse(name, args=ids)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


def test_every_operation_that_is_sent_files_takes_uploads() -> None:
    names = {name for name in UPLOADS if name.startswith("api:")}
    paths = {
        path
        for path, methods in api.get_openapi_schema()["paths"].items()
        if any("multipart/form-data" in one.get("requestBody", {}).get("content", {}) for one in methods.values())
    }
    assert len(paths) == len(names)
    for path in paths:
        assert upload_limit(re.sub(r"\{\w+\}", str(uuid4()), path)) == settings.GLIMPSE_LIMITS["upload_bytes"], path


def test_every_form_with_files_leads_to_an_address_that_takes_uploads() -> None:
    forms = {
        name
        for template in TEMPLATES.rglob("*.html")
        for form in re.findall(r"<form[^>]*?multipart/form-data[^>]*>", template.read_text(), re.DOTALL)
        for name in re.findall(r"""action="\{% url '([\w:]+)'""", form)
    }
    assert len(forms) >= 5
    assert forms <= set(UPLOADS)


@pytest.mark.parametrize("name", UPLOADS)
def test_every_address_of_an_upload_exists_and_takes_what_its_limit_says(name: str) -> None:
    assert upload_limit(address(name)) == settings.GLIMPSE_LIMITS[UPLOADS[name]] > 900 * MEGABYTE


@pytest.mark.parametrize("name", ["home", "sign_in", "sign_up", "admin:index", "admin:datasets_dataset_changelist"])
def test_no_other_address_takes_more_than_a_megabyte(name: str) -> None:
    check_length(MEGABYTE, upload_limit(address(name)))
    with pytest.raises(Refusal, match="at most 1 MB") as refused:
        check_length(MEGABYTE + 1, upload_limit(address(name)))
    assert refused.value.status == 413


def test_an_address_that_is_none_takes_no_upload() -> None:
    assert upload_limit("/nothing/here/") == 0
