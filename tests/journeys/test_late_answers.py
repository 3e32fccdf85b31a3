"""An answer that comes late finds a page that has gone on: nothing breaks, and nothing that matters is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.journeys.visitor import Visitor, signs
from tests.running import wait_until
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, SupportClass, SupportImage, SupportSet, ZipImport

pytestmark = pytest.mark.requires_chromium

READINESS = "**/readiness/**"
STATUS = "**/imports/*/status/"
LATE = "x-late"
MARK_WHAT_WAS_LATE = f"""
const {{ open }} = XMLHttpRequest.prototype;
XMLHttpRequest.prototype.open = function (...request) {{
  this.addEventListener("loadend", () => {{
    if (this.getResponseHeader("{LATE}")) document.documentElement.dataset.late = "taken";
  }});
  return open.apply(this, request);
}};
"""
"""Says on the page that it is done with an answer that was held back: loadend comes after load."""

ASK_FOR = """([address, target]) => {
  const button = document.createElement("button");
  button.textContent = "Ask";
  button.setAttribute("hx-get", address);
  button.setAttribute("hx-target", target);
  document.getElementById("main").append(button);
  htmx.process(button);
}"""


@contextmanager
def hold_back(page: Page, address: str) -> Iterator[list[Route]]:
    """Keep from the site the next request for an address, made within the block; yield the list it comes into."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)
    yield held

    def comes() -> bool:
        page.wait_for_timeout(10)  # lets the browser speak
        return bool(held)

    wait_until(comes, what=f"a request for {address}")


def let_go(page: Page, held: list[Route], answer: APIResponse | None = None) -> None:
    """Answer what was held back, now or as the site did before, and wait until the page is done with it."""
    answer = answer or held[0].fetch()
    held[0].fulfill(response=answer, headers={**answer.headers, LATE: "yes"})
    expect(page.locator("html")).to_have_attribute("data-late", "taken")


@pytest.fixture
def late(visitor: Visitor, stack_orm: None) -> Visitor:
    """Bring a visitor whose page says when it is done with a late answer."""
    visitor.page.add_init_script(MARK_WHAT_WAS_LATE)
    return visitor


def begin_an_import(page: Page) -> ZipImport:
    """Show an import under way; once it is over, the page shows every class anew."""
    tomorrow, support_set = timezone.now() + timedelta(days=1), page.url.split("/")[-2]
    zip_import = ZipImport.objects.create(support_set_id=support_set, original_name="kites.zip", sent_at=tomorrow)
    page.reload()
    return zip_import


def end(zip_import: ZipImport, page: Page) -> None:
    ZipImport.objects.filter(pk=zip_import.pk).update(status=JobStatus.READY, finished=timezone.now())
    expect(page.get_by_label("Zip import")).to_contain_text("0 pictures were added.")


def classes_with_a_picture(visitor: Visitor) -> ZipImport:
    """Make two classes, the first with three pictures, while an import is under way."""
    visitor.start()
    for name in ("Gate", "Kite"):
        visitor.add_class(name)
    visitor.upload("Gate", signs("gate"))
    expect(visitor.card("Gate").locator(".picture")).to_have_count(3)
    return begin_an_import(visitor.page)


def test_a_class_is_deleted_before_the_page_hears_of_its_pictures(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start()
    with page.expect_response(READINESS):
        visitor.add_class("Gate")
    with hold_back(page, READINESS) as held:
        visitor.add_class("Kite")
    said_of_both = held[0].fetch()
    visitor.button("Delete the class Kite").click()
    expect(visitor.card("Kite")).to_have_count(0)
    with page.expect_response(READINESS):
        held[0].fulfill(response=said_of_both)
    expect(page.locator(".missing")).to_contain_text("second class")


def test_an_import_is_cancelled_before_the_page_hears_how_it_goes(late: Visitor) -> None:
    page = late.page
    late.start()
    with hold_back(page, STATUS) as held:
        begin_an_import(page)
    late.button("Cancel").click()
    expect(late.button("Cancel")).to_have_count(0)
    let_go(page, held)
    expect(page.get_by_label("Zip import")).to_contain_text("Cancelled")


def waiting_classifier(visitor: Visitor) -> str:
    """Make a classifier that waits to be learned, and return the address of its page."""
    visitor.start()
    support_set = SupportSet.objects.get(pk=visitor.page.url.split("/")[-2])
    classifier = Classifier.objects.create(
        support_set=support_set,
        owner=support_set.owner,
        checkpoint=Checkpoint.objects.filter(live=True)[0],
        class_names=[],
        image_ids=[],
        sent_at=timezone.now() + timedelta(days=1),
    )
    return f"/classifiers/{classifier.pk}/"


@pytest.mark.parametrize("is_cancelled_first", [True, False])
def test_learning_is_cancelled_before_the_page_hears_how_it_goes(late: Visitor, is_cancelled_first: bool) -> None:
    page, address = late.page, waiting_classifier(late)
    with hold_back(page, f"**{address}status/") as held:
        page.goto(address)
    answer = None if is_cancelled_first else held[0].fetch()
    late.button("Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("You stopped this before it was ready.")
    page.get_by_role("alert").evaluate("alert => alert.dataset.seen = 'yes'")
    let_go(page, held, answer)
    expect(page.get_by_role("alert")).to_have_attribute("data-seen", "yes")


def test_the_page_hears_that_learning_was_cancelled_before_the_click_is_answered(late: Visitor) -> None:
    page, address = late.page, waiting_classifier(late)
    page.goto(address)
    with hold_back(page, f"**{address}cancel/") as held:
        late.button("Cancel").click()
    answer = held[0].fetch()
    expect(page.get_by_role("alert")).to_contain_text("You stopped this before it was ready.")
    let_go(page, held, answer)
    expect(page.get_by_role("alert")).to_contain_text("You stopped this before it was ready.")
    expect(page.get_by_role("alert")).to_have_count(1)


def test_a_deletion_can_be_undone_though_its_card_is_gone_before_it_is_answered(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    with hold_back(page, "**/classes/*/delete/") as held:
        late.button("Delete the class Kite").click()
    answer = held[0].fetch()
    end(zip_import, page)
    expect(late.card("Kite")).to_have_count(0)
    with page.expect_response(READINESS):  # what hears of a change on the body hears of this one
        let_go(page, held, answer)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(late.card("Kite")).to_have_count(1)


def test_what_was_deleted_goes_though_its_card_was_shown_anew_before_the_answer(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    with hold_back(page, "**/classes/*/delete/") as held:
        late.button("Delete the class Kite").click()
    end(zip_import, page)
    expect(late.card("Kite")).to_have_count(1)
    let_go(page, held)
    expect(late.card("Kite")).to_have_count(0)
    expect(page.locator("#toasts").get_by_role("button", name="Undo")).to_be_visible()


def test_a_refusal_is_read_though_what_asked_is_gone(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    with hold_back(page, "**/classes/*/delete/") as held:
        late.button("Delete the class Kite").click()
    SupportClass.objects.filter(name="Kite").update(deleted_at=timezone.now())
    end(zip_import, page)
    held[0].fulfill(status=429, json={"message": "Too often."}, headers={LATE: "yes"})
    expect(page.locator("#toasts")).to_contain_text("Too often.")


def open_the_first_picture(visitor: Visitor) -> None:
    visitor.card("Gate").locator(".picture-open").first.click()
    expect(visitor.button("Move")).to_be_visible()


def test_a_picture_is_moved_to_a_class_that_goes_before_the_answer_comes(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    open_the_first_picture(late)
    page.get_by_role("dialog").get_by_role("combobox").select_option("Kite")
    with hold_back(page, "**/move/") as held:
        late.button("Move").click()
    answer = held[0].fetch()
    SupportClass.objects.filter(name="Kite").update(deleted_at=timezone.now())
    end(zip_import, page)
    expect(late.card("Gate").locator(".picture")).to_have_count(2)
    let_go(page, held, answer)
    expect(page.locator(".picture")).to_have_count(2)


def test_a_picture_is_deleted_though_it_has_just_gone_from_the_page(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    open_the_first_picture(late)
    SupportImage.objects.filter(support_class__name="Gate").update(deleted_at=timezone.now())
    end(zip_import, page)
    expect(late.card("Gate").locator(".picture")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts").get_by_role("button", name="Undo")).to_be_visible()
    expect(late.button("Move")).not_to_be_visible()


def test_pictures_sent_to_a_card_come_to_the_card_that_replaced_it(late: Visitor) -> None:
    page, zip_import = late.page, classes_with_a_picture(late)
    with hold_back(page, "**/images/") as held:
        late.upload("Kite", signs("wave"))
    end(zip_import, page)
    expect(late.card("Kite").locator(".uploads > *")).to_have_count(0)
    held[0].continue_()
    expect(late.card("Kite").locator(".picture")).to_have_count(3)


def test_what_is_confirmed_is_done_though_its_form_has_gone_meanwhile(visitor: Visitor) -> None:
    visitor.start()
    page = visitor.page
    page.locator("form[hx-confirm] button").click()
    page.evaluate("document.querySelector('form[hx-confirm]').remove()")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/my/")


def test_no_poll_speaks_of_what_was_deleted_on_the_way_to_another_page(late: Visitor) -> None:
    page, address = late.page, waiting_classifier(late)
    page.goto(address)

    def stay(route: Route) -> None:
        route.fetch()
        route.fulfill(headers={"HX-Redirect": "#on-the-way"})  # which leaves the page where it is

    def mark_a_miss(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={LATE: "yes"} if answer.status == 404 else answer.headers)

    page.route(f"**{address}delete/", stay)
    page.route(f"**{address}status/", mark_a_miss)
    late.button("Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("html")).to_have_attribute("data-late", "taken")
    expect(page.locator("#toasts > *")).to_have_count(0)


@pytest.mark.parametrize(
    ("target", "answer", "headers", "fault"),
    [
        ("#nowhere", "", {}, "htmx:targetError"),
        ("#main", "", {"HX-Retarget": "#nowhere"}, "htmx:targetError"),
        ("#main", "<p id='nowhere' hx-swap-oob='true'></p>", {}, "htmx:oobErrorNoTarget"),
    ],
)
def test_a_place_that_the_page_never_had_is_a_fault_that_tests_hear(
    page: Page, target: str, answer: str, headers: dict[str, str], fault: str
) -> None:
    page.goto("/")
    page.route("**/fault/", lambda route: route.fulfill(body=answer, headers=headers))
    page.evaluate(ASK_FOR, ["/fault/", target])
    with page.expect_console_message(lambda message: message.type == "error" and fault in message.text):
        page.get_by_role("button", name="Ask").click()
