"""Support pictures are added, moved, deleted and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing_upload, encoded, photo, photo_upload, upload
from tests.refusals import refused
from webapp.recognition import services
from webapp.recognition.models import SupportImage, SupportSet


def test_good_pictures_are_kept_and_bad_ones_named_with_a_reason(support_set: SupportSet) -> None:
    files = [photo_upload(1), upload(b"no picture", "notes.txt"), photo_upload(2)]
    report = services.add_images(support_set=support_set, class_name="leaf", files=files)
    assert [image.file for image in report.accepted] == ["photo-1.jpg", "photo-2.jpg"]
    assert [refusal.file for refusal in report.refused] == ["notes.txt"]
    assert "JPEG" in report.refused[0].reason
    assert {str(image.pk) for image in SupportImage.objects.all()} == {str(image.id) for image in report.accepted}


def test_only_clean_pixels_are_stored_under_generated_names(support_set: SupportSet, settings: Any) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 30.0)}
    data = encoded(photo(), "JPEG", exif=exif, comment=b"home")
    services.add_images(support_set=support_set, class_name="leaf", files=[upload(data, "../../home.jpg")])
    row = SupportImage.objects.get()
    assert row.original_name == "home.jpg"
    assert len(stored_files(settings)) == 2
    for name in stored_files(settings):
        stored = Path(settings.MEDIA_ROOT) / name
        assert "home" not in name
        assert b"home" not in stored.read_bytes()
        with Image.open(stored) as opened:
            assert not opened.getexif()
    assert row.bytes == row.file.size + row.thumbnail.size


def test_nothing_accepted_makes_no_class_and_leaves_no_file(support_set: SupportSet, settings: Any) -> None:
    report = services.add_images(support_set=support_set, class_name="leaf", files=[upload(b"x")])
    assert not report.accepted
    assert not support_set.classes.exists()
    assert not stored_files(settings)


def test_no_files_at_all_are_refused(support_set: SupportSet) -> None:
    with refused("no_usable_picture"):
        services.add_images(support_set=support_set, class_name="leaf", files=[])


def test_a_picture_in_two_classes_is_warned_of_by_its_pixels(support_set: SupportSet) -> None:
    services.add_images(support_set=support_set, class_name="leaf", files=[upload(encoded(photo()), "a.png")])
    again = upload(encoded(photo(), "WEBP", lossless=True), "b.webp")
    report = services.add_images(support_set=support_set, class_name="petal", files=[again])
    assert len(report.accepted) == 1
    assert "b.webp is also in “leaf”" in report.warnings[0]


def test_the_same_picture_twice_in_one_class_is_warned_of(support_set: SupportSet) -> None:
    report = services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(1), photo_upload(1)])
    assert len(report.accepted) == 2
    assert len(report.warnings) == 1


def test_an_animation_is_warned_of(support_set: SupportSet) -> None:
    frames = [photo(seed=seed) for seed in range(2)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    report = services.add_images(support_set=support_set, class_name="leaf", files=[upload(data, "wave.webp")])
    assert "first frame" in report.warnings[0]


def test_a_class_takes_so_many_pictures_and_no_more(support_set: SupportSet, limit: Any, settings: Any) -> None:
    limit(pictures_per_class=2)
    files = [photo_upload(seed) for seed in range(3)]
    report = services.add_images(support_set=support_set, class_name="leaf", files=files)
    assert len(report.accepted) == 2
    assert "at most 2 pictures" in report.refused[0].reason
    assert len(stored_files(settings)) == 4


def test_full_storage_is_said_before_and_while_pictures_come(support_set: SupportSet, limit: Any) -> None:
    files = [photo_upload(seed) for seed in range(4)]
    one = services.add_images(support_set=support_set, class_name="leaf", files=files[:1])
    used = SupportImage.objects.get(pk=one.accepted[0].id).bytes
    limit(guest_bytes=int(used * 2.5))
    report = services.add_images(support_set=support_set, class_name="leaf", files=files[1:])
    assert len(report.accepted) == 1
    assert "full" in report.refused[0].reason
    limit(guest_bytes=used)
    with refused("storage_full", match="sign up") as caught:
        services.add_images(support_set=support_set, class_name="leaf", files=files[1:])
    assert caught.value.status == 413


def test_a_small_picture_still_fits_where_a_large_one_did_not(support_set: SupportSet, limit: Any) -> None:
    files = [upload(encoded(photo(900, 900), "JPEG"), "large.jpg"), photo_upload(1, "small.jpg")]
    limit(guest_bytes=20_000)
    report = services.add_images(support_set=support_set, class_name="leaf", files=files)
    assert [refusal.file for refusal in report.refused] == ["large.jpg"]
    assert [image.file for image in report.accepted] == ["small.jpg"]


def test_what_was_deleted_gives_way_where_there_is_no_other_room(support_set: SupportSet, limit: Any) -> None:
    one = services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(1)])
    image = SupportImage.objects.get(pk=one.accepted[0].id)
    limit(guest_bytes=image.bytes)
    services.delete_image(image=image)
    report = services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(1)])
    assert len(report.accepted) == 1
    with refused("picture_gone"):
        services.restore_image(image=image)


def test_too_many_uploads_in_a_minute_are_refused_for_a_while(support_set: SupportSet, limit: Any) -> None:
    limit(uploads_per_minute=2)
    for seed in range(2):
        services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(seed)])
    with refused("too_often", match="more than 2 uploads") as caught:
        services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(3)])
    assert caught.value.status == 429
    assert 1 <= caught.value.details["retry_after"] <= 60


def test_a_picture_is_moved_to_a_class_that_is_made_if_need_be(image: SupportImage) -> None:
    services.move_image(image=image, class_name="snail")
    assert SupportImage.objects.get(pk=image.pk).support_class.name == "snail"
    services.move_image(image=image, class_name="kite")
    assert SupportImage.objects.get(pk=image.pk).support_class.name == "kite"


def test_a_full_class_takes_no_moved_picture(image: SupportImage, limit: Any) -> None:
    limit(pictures_per_class=2)
    with refused("limit_reached"):
        services.move_image(image=image, class_name="snail")


def test_a_deleted_picture_comes_back(image: SupportImage) -> None:
    services.delete_image(image=image)
    assert image not in SupportImage.objects.present()
    services.restore_image(image=image)
    assert image in SupportImage.objects.present()


def test_pictures_of_a_deleted_class_are_not_present(image: SupportImage) -> None:
    services.delete_class(support_class=image.support_class)
    assert image not in SupportImage.objects.present()


def test_one_owner_never_finds_what_another_made(image: SupportImage, stranger: Any) -> None:
    assert image in SupportImage.objects.owned_by(image.support_class.support_set.owner)
    assert not SupportImage.objects.owned_by(stranger).exists()
    assert not SupportImage.objects.owned_by(None).exists()
    assert not SupportSet.objects.owned_by(stranger).exists()


def test_drawings_suggest_characters_and_photos_photos(support_set: SupportSet) -> None:
    assert services.suggestion_for(support_set=support_set).kind == "photos"
    services.add_images(support_set=support_set, class_name="a", files=[drawing_upload(1), drawing_upload(2)])
    assert services.suggestion_for(support_set=support_set).kind == "characters"
    services.add_images(support_set=support_set, class_name="b", files=[photo_upload(seed) for seed in range(3)])
    assert services.suggestion_for(support_set=support_set).kind == "photos"
