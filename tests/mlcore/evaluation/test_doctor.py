"""The doctor names what is wrong with a support set, what matters most first, and leaves sound ones alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mlcore.data.episode import LabeledSet
from mlcore.evaluation.doctor import COMPARED, Finding, examine, left_out_distances, mended, mislabelled
from mlcore.evaluation.looks import Looks
from tests.mlcore.evaluation.small_norms import NORMS, made_up


def relabelled(support: LabeledSet, place: int, label: int) -> LabeledSet:
    labels = support.labels.clone()
    labels[place] = label
    return LabeledSet(support.images, labels)


def kinds(findings: list[Finding]) -> list[str]:
    return [finding.kind for finding in findings]


def test_a_sound_support_set_has_nothing_to_mend() -> None:
    assert examine(made_up(5, 5, 5, 5, 5), NORMS) == []


def test_a_wrong_label_is_named_first_with_the_class_where_it_belongs() -> None:
    support = relabelled(made_up(5, 5, 5), 7, 2)
    first, *_ = examine(support, NORMS)
    assert (first.kind, first.places, first.labels) == ("mislabelled", (7,), (2, 1))
    assert first.score > 1


@pytest.mark.parametrize("shots", [(5, 5), (3, 3, 3), (2, 5, 4, 6)])
def test_it_is_found_whatever_the_shots(shots: tuple[int, ...]) -> None:
    support = made_up(*shots, scatter=0.1)
    place = len(support.labels) - 1
    assert mislabelled(relabelled(support, place, 0), NORMS)[0].places == (place,)


def test_what_is_mended_is_as_it_was() -> None:
    support = made_up(5, 5, 5)
    wrong = relabelled(support, 7, 2)
    assert torch.equal(mended(wrong, examine(wrong, NORMS)).labels, support.labels)


def test_two_wrong_labels_are_both_named() -> None:
    support = relabelled(relabelled(made_up(6, 6, 6), 0, 1), 13, 0)
    assert {finding.places[0] for finding in mislabelled(support, NORMS)} == {0, 13}


def test_what_is_alone_in_its_class_is_never_named() -> None:
    support = made_up(1, 5, 5)
    moved = LabeledSet(torch.cat([support.images[3:4], support.images[1:]]), support.labels)
    assert all(finding.places != (0,) for finding in mislabelled(moved, NORMS))


@pytest.mark.parametrize("shots", [(1,), (4,), (1, 1, 1)])
def test_one_class_or_one_picture_each_leave_nothing_to_doubt(shots: tuple[int, ...]) -> None:
    assert mislabelled(made_up(*shots), NORMS) == []


def test_all_the_same_picture_is_said_and_nothing_divides_by_zero() -> None:
    support = LabeledSet(torch.ones(6, 4), torch.tensor([0, 0, 0, 1, 1, 1]))
    findings = examine(support, NORMS, digests=["a"] * 6)
    assert "copy" in kinds(findings)
    assert "alike" in kinds(findings)
    assert "mislabelled" not in kinds(findings)
    assert all(torch.tensor(finding.score).isfinite() for finding in findings)


def test_distances_leave_each_picture_out_of_its_own_mean() -> None:
    support = made_up(3, 2)
    others = support.images[[1, 2]].mean(0)
    expected = ((support.images[0] - others) ** 2).sum().double()
    torch.testing.assert_close(left_out_distances(support)[0, 0], expected, rtol=1e-5, atol=1e-7)


def test_the_very_same_pixels_are_named_once_and_those_of_two_classes_first() -> None:
    support = made_up(3, 3)
    images = support.images.clone()
    images[1], images[5] = images[0], images[2]
    findings = examine(LabeledSet(images, support.labels), NORMS, digests=["a", "a", "b", "c", "d", "b"])
    copies = [finding for finding in findings if finding.kind in ("copy", "twins")]
    assert [(finding.kind, finding.places, finding.labels) for finding in copies] == [
        ("copy", (2, 5), (0, 1)),
        ("copy", (0, 1), (0, 0)),
    ]


def test_the_same_scene_is_found_by_its_embedding_alone() -> None:
    support = made_up(3, 3)
    images = support.images.clone()
    images[4] = images[3] * 1.1
    twins = [finding for finding in examine(LabeledSet(images, support.labels), NORMS) if finding.kind == "twins"]
    assert [finding.places for finding in twins] == [(3, 4)]


def test_a_large_set_is_not_compared_each_with_each() -> None:
    labels = torch.arange(2).repeat_interleave(COMPARED // 2 + 1)
    support = LabeledSet(torch.randn(len(labels), 2, generator=torch.Generator().manual_seed(0)), labels)
    assert "twins" not in kinds(examine(support, replace(NORMS, twin=0.0, doubt=(99.0, 0.0, 0.0))))


def test_one_drawing_among_photos_is_odd_and_half_of_them_are_not() -> None:
    support = made_up(5, 5)
    odd = examine(support, NORMS, drawn=[True] + [False] * 9)
    assert [(finding.kind, finding.places) for finding in odd] == [("drawn", (0,))]
    assert examine(support, NORMS, drawn=[True] * 5 + [False] * 5) == []
    assert kinds(examine(support, NORMS, drawn=[True] * 9 + [False])) == ["photo"]


def test_grey_among_colours_and_blurred_among_sharp_ones_stand_out() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(10, 3, 112, 112, generator=generator) * 2 - 1
    images[3] = images[3].mean(0, keepdim=True).expand(3, -1, -1)
    images[6] = torch.nn.functional.interpolate(images[6:7, :, ::16, ::16], size=(112, 112), mode="bilinear")[0]
    findings = examine(made_up(5, 5), NORMS, looks=Looks.of(images))
    assert [(finding.kind, finding.places) for finding in findings] == [("grey", (3,)), ("blurred", (6,))]
    assert examine(made_up(5, 5), NORMS, looks=Looks.of(images[[3]].expand(10, -1, -1, -1))) == []


def test_two_classes_in_one_place_are_too_alike() -> None:
    support = made_up(4, 4, 4)
    images = support.images.clone()
    images[8:] += images[4:8].mean(0) - images[8:].mean(0)
    alike = [finding for finding in examine(LabeledSet(images, support.labels), NORMS) if finding.kind == "alike"]
    assert [finding.labels for finding in alike] == [(1, 2)]


def test_the_doubt_that_is_usual_grows_with_the_classes() -> None:
    assert NORMS.usual_doubt(20, 5) > NORMS.usual_doubt(5, 5) > NORMS.usual_doubt(2, 5)
