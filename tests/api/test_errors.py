"""Every error is a code and a message, wherever it comes from."""

from __future__ import annotations

import json
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from webapp.api.middleware import api_problems
from webapp.core.failures import page_failed

from .belongings import Belongings
from .client import ApiClient, complaint, picture

MULTIPART = b"""--b\r
Content-Disposition: form-data; name="class_name"\r
\r
robin\r
--b\r
Content-Disposition: form-data; name="images"; filename="a.png"\r
\r
no picture\r
--b--\r
"""


@pytest.mark.parametrize("path", ["/", "/nothing", "/support-sets/", "/support-sets/42", "/classifiers/x/cancel"])
def test_an_address_that_leads_nowhere_is_404(api: ApiClient, path: str) -> None:
    complaint(api.get(path), 404)


def test_outside_v1_too(client: Client) -> None:
    complaint(client.get("/api/v2/support-sets"), 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_405_and_tells_the_right_ones(api: ApiClient, method: str) -> None:
    response = api.raw(method, "/support-sets", b"", "application/json")
    complaint(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"nul", b'{"name": NaN'])
def test_a_body_that_is_not_json_is_400(api: ApiClient, body: bytes) -> None:
    assert complaint(api.raw("POST", "/support-sets", body, "application/json"), 400)["code"] == "invalid_json"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"3", b"null", b'"name"', b"NaN", b'{"name": {}}'])
def test_json_of_another_shape_is_422(api: ApiClient, body: bytes) -> None:
    complaint(api.raw("POST", "/support-sets", body, "application/json"), 422)


def test_a_wrong_content_type_is_415_and_tells_the_right_one(api: ApiClient, birds: Belongings) -> None:
    wrong = api.raw("POST", "/support-sets", b'{"name": "x"}', "text/plain")
    assert "application/json" in complaint(wrong, 415)["message"]
    for path in (f"/support-sets/{birds.support_set.id}/images", f"/classifiers/{birds.classifier.id}/predictions"):
        for content_type in ("application/json", "image/png", "application/x-www-form-urlencoded"):
            wrong = api.raw("POST", path, b"{}", content_type)
            assert "multipart/form-data" in complaint(wrong, 415)["message"]


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\N{SNOWMAN}"],
)
def test_a_multipart_body_without_a_boundary_is_400(api: ApiClient, birds: Belongings, content_type: str) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    assert complaint(api.raw("POST", path, b"--b", content_type), 400)["code"] == "malformed"


def test_a_multipart_body_that_breaks_off_makes_nothing(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    for length in range(1, len(MULTIPART)):
        response = api.raw("POST", path, MULTIPART[:length], "multipart/form-data; boundary=b")
        assert response.status_code in (400, 422)
        complaint(response, response.status_code)


def test_pictures_sent_as_text_are_refused(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    body = MULTIPART.replace(b'name="images"; filename="a.png"', b'name="images"')
    assert "images" in complaint(api.raw("POST", path, body, "multipart/form-data; boundary=b"), 422)["message"]


def test_too_much_text_is_413(api: ApiClient) -> None:
    complaint(api.raw("POST", "/support-sets", b'"' + b"x" * 3_000_000, "application/json"), 413)


def test_too_many_files_are_413(api: ApiClient, birds: Belongings, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    path = f"/support-sets/{birds.support_set.id}/images"
    complaint(api.upload(path, [picture() for _ in range(4)], class_name="robin"), 413)


def test_a_host_that_is_not_ours_is_400(client: Client) -> None:
    complaint(client.get("/api/v1/support-sets", headers={"Host": "evil.example"}), 400)


def test_a_fault_outside_every_operation_is_500_with_its_id_as_well(rf: RequestFactory) -> None:
    response = cast(HttpResponse, api_problems(page_failed)(rf.get("/api/v1/docs")))
    answer = json.loads(response.content)
    assert (response.status_code, answer["code"]) == (500, "our_fault")
    assert response.headers["Failure-Id"] in answer["message"]
