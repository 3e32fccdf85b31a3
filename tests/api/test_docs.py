"""The page that explains the API, and the schema behind it."""

from __future__ import annotations

import re

from django.test import Client
from playwright.sync_api import Page, expect

from webapp.api.site import api

DOCS = "/api/v1/docs"
PATIENCE = 60_000
"""Milliseconds: Swagger's script is large, and a busy machine is slow to read it."""


def test_the_schema_and_its_page_need_no_token(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert client.get(DOCS).status_code == 200


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script_of_its_own(client: Client) -> None:
    html = client.get(DOCS).content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "<style" not in html


def test_every_operation_documents_its_errors_in_one_shape() -> None:
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            errors = {status: response for status, response in operation["responses"].items() if status >= 400}
            schemas = [error["content"]["application/json"]["schema"] for error in errors.values()]
            shapes = {schema["$ref"].split("/")[-1] for schema in schemas}
            assert shapes <= {"Problem", "NothingAccepted"}, (method, path)
            assert 401 in errors, (method, path)
            assert (404 in errors) == ("_id}" in path), (method, path)
            assert operation["description"], (method, path)


def test_the_page_works_in_a_browser(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(DOCS)
    n_operations = sum(len(operations) for operations in api.get_openapi_schema()["paths"].values())
    expect(page.locator(".opblock")).to_have_count(n_operations, timeout=PATIENCE)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill("wrong")
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator(".opblock", has_text="/api/v1/checkpoints").locator(".opblock-summary-control").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("unauthorized", timeout=PATIENCE)
