"""What may be decoded for an owner has bounds: a minute of it, a request, and what is on its way at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from tests.recognition import pictures
from tests.recognition.pictures import encoded, photo_upload, upload
from tests.refusals import refused
from webapp.accounts import services as accounts
from webapp.accounts.models import Allowance, Owner
from webapp.pictures import reader
from webapp.pictures.allowances import Decoding, decoding, place_in_flight

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _end_helpers() -> Iterator[None]:
    yield
    reader.helper._end()
    reader.large_helper._end()


@pytest.fixture
def ada() -> Owner:
    return Owner.objects.create(guest_id="ada")


@pytest.fixture
def limit(settings: Any) -> Any:
    """Return a function that sets limits for the test."""

    def set_limits(**limits: int) -> None:
        settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, **limits}

    return set_limits


def used(owner: Owner) -> dict[str, int]:
    return dict(owner.allowances.values_list("name", "used"))


def test_pictures_are_counted_by_their_pixels_and_their_time(ada: Owner) -> None:
    with decoding(ada) as by:
        by.read(upload(encoded(pictures.photo(1000, 500))))
        by.read(upload(encoded(pictures.photo(2000, 1000, seed=1))))
    spent = used(ada)
    assert spent["decoding_kilopixels_per_minute"] == 2500
    assert spent["decoding_ms_per_minute"] > 0


def test_refused_and_lost_pictures_cost_as_well(ada: Owner, limit: Any) -> None:
    blank, whole = encoded(Image.new("L", (2000, 1000))), encoded(pictures.photo(2000, 1000))
    with decoding(ada) as by:
        for data in (blank, whole[: len(whole) // 2]):
            with refused("unusable_picture"):
                by.read(upload(data))
    assert used(ada)["decoding_kilopixels_per_minute"] == 4000
    reader.helper._end()
    limit(decode_seconds=0.02)
    with refused("unusable_picture", match="could not be decoded"), decoding(ada) as by:
        by.read(upload(whole))
    assert used(ada)["decoding_ms_per_minute"] > 0


@pytest.mark.parametrize("name", ["decoding_ms_per_minute", "decoding_kilopixels_per_minute"])
def test_beyond_the_share_of_a_minute_its_owner_waits_and_nobody_else(ada: Owner, limit: Any, name: str) -> None:
    limit(**{name: 1})
    with decoding(ada) as by:
        by.read(photo_upload())
    with refused("too_often", match=r"Go on in \d+ seconds") as caught, decoding(ada) as by:
        by.read(photo_upload())
    assert caught.value.status == 429
    assert caught.value.details["retry_after"] > 0
    with decoding(Owner.objects.create(guest_id="bob")) as by:
        by.read(photo_upload())


def test_what_was_used_beyond_a_share_is_taken_from_the_next_ones(ada: Owner, limit: Any) -> None:
    limit(decoding_ms_per_minute=1000)
    accounts.charge(owner=ada, amounts={"decoding_ms_per_minute": 2500})
    minute = timedelta(minutes=1)

    def wait(minutes: float) -> int:
        row = Allowance.objects.get()
        Allowance.objects.update(opened=row.opened - minute * minutes)
        seconds = accounts.seconds_to_wait(owner=ada, names=["decoding_ms_per_minute"])
        Allowance.objects.update(opened=row.opened)
        return seconds

    assert wait(0) == pytest.approx(120, abs=2)
    assert wait(0.5) == pytest.approx(90, abs=2)
    assert wait(1.5) == pytest.approx(30, abs=2)
    assert wait(2.1) == 0


def test_the_pixels_of_a_request_are_bounded_before_any_is_decoded(ada: Owner, limit: Any) -> None:
    limit(request_pixels=2_500_000)
    with decoding(ada) as by:
        by.read(upload(encoded(pictures.photo(2000, 1000))))
        with refused("too_large", match="2 million pixels together. Send fewer at once"):
            by.read(upload(encoded(pictures.photo(1000, 1000))))
        by.read(photo_upload())
    assert used(ada)["decoding_kilopixels_per_minute"] == 2019


def test_large_pictures_have_a_helper_to_themselves(ada: Owner, limit: Any) -> None:
    limit(quick_pixels=10_000)
    large = Decoding(ada).read(upload(encoded(pictures.photo(200, 100))))
    assert (large.width, large.height) == (200, 100)
    assert reader.large_helper._process is not None
    with reader.large_helper._lock.turn("somebody with a large picture"):
        assert Decoding(ada).read(upload(encoded(pictures.photo(100, 100)))).width == 100


def test_so_many_uploads_of_one_owner_are_on_their_way_and_no_more(ada: Owner, limit: Any) -> None:
    limit(uploads_at_once=2)
    with place_in_flight(ada), place_in_flight(ada):
        with refused("too_often", match="2 of your uploads are on their way already") as caught, place_in_flight(ada):
            raise AssertionError("it was let in")
        with place_in_flight(Owner.objects.create(guest_id="bob")):
            pass
    assert caught.value.details["retry_after"]
    with place_in_flight(ada):
        pass
