"""A support set says what it still lacks before it can be learned."""

from __future__ import annotations

from tests.recognition.pictures import photo_upload
from webapp.recognition import services
from webapp.recognition.models import SupportSet


def test_an_empty_support_set_lacks_classes(support_set: SupportSet) -> None:
    ready = services.readiness(support_set=support_set)
    assert not ready.ok
    assert ready.missing == ["Add two or more classes."]


def test_one_class_alone_is_not_enough(support_set: SupportSet) -> None:
    services.add_images(support_set=support_set, class_name="leaf", files=[photo_upload(1)])
    assert "second class" in services.readiness(support_set=support_set).missing[0]


def test_an_empty_class_is_named(signs: SupportSet) -> None:
    services.add_class(support_set=signs, name="kite")
    ready = services.readiness(support_set=signs)
    assert len(ready.missing) == 1
    assert "“kite”" in ready.missing[0]


def test_a_class_whose_pictures_are_deleted_is_empty(signs: SupportSet) -> None:
    for image in signs.classes.get(name="snail").images.all():
        services.delete_image(image=image)
    assert "“snail”" in services.readiness(support_set=signs).missing[0]


def test_two_classes_with_a_picture_each_are_enough(signs: SupportSet) -> None:
    ready = services.readiness(support_set=signs)
    assert ready.ok
    assert ready.suggestion.kind == "characters"
