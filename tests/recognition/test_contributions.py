"""People may let the models learn from a support set; taken back or deleted, its pictures leave every version."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.recognition.conftest import checkpoint_row, stored_files
from tests.recognition.pictures import drawing_upload
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.accounts.services import owner_of_user
from webapp.checkpoints.models import Act, Checkpoint, Evaluation, Publication
from webapp.datasets import services as datasets
from webapp.datasets import worker
from webapp.datasets.models import Contribution, DatasetVersion, Source
from webapp.datasets.services import Material
from webapp.jobs.models import JobStatus
from webapp.jobs.staging import all_staging
from webapp.recognition import deletion, retention, services
from webapp.recognition.models import SupportImage, SupportSet
from webapp.recognition.services import contributions
from webapp.storage.disk import FULL
from webapp.training.contributions import published_learners
from webapp.training.models import RunEstimate, TrainingRun


@pytest.fixture(autouse=True)
def _end_decoder() -> Iterator[None]:
    yield
    worker.helper._end()


def user(name: str) -> Owner:
    return owner_of_user(user=User.objects.create_user(name))


def support_set_of(owner: Owner, *, seed: int = 0, classes: int = 2, pictures: int = 2) -> SupportSet:
    """Make a support set whose drawings are its own."""
    support_set = services.create_support_set(owner=owner, name="Signs")
    for label in range(classes):
        files = [drawing_upload(seed + 10 * label + number) for number in range(pictures)]
        services.add_images(support_set=support_set, class_name=f"sign {label}", files=files)
    return support_set


@pytest.fixture
def ada(db: None) -> SupportSet:
    """Return a support set that may be used."""
    return services.allow_improvement(support_set=support_set_of(user("ada"), seed=100), allowed=True)


@pytest.fixture
def ben(db: None) -> SupportSet:
    """Return another, of somebody else, whose classes have the same names."""
    return services.allow_improvement(support_set=support_set_of(user("ben"), seed=200), allowed=True)


def version_of_the_site(least: int = 2) -> DatasetVersion:
    """Ingest what people let the models learn from."""
    material = Material(least_pictures=least)
    version = datasets.create_dataset(name="Site", source=Source.SITE, material=material, by=None)
    worker.ingest(str(version.pk))
    return DatasetVersion.objects.get(pk=version.pk)


def paths_in(version: DatasetVersion) -> list[str]:
    with version.archive.open("rb") as file, zipfile.ZipFile(file) as archive:
        return archive.namelist()


def test_nobodys_pictures_are_used_unless_they_say_so(db: None) -> None:
    support_set_of(user("ada"))
    assert list(contributions.offered()) == []


def test_a_guest_is_told_to_sign_up_first(signs: SupportSet) -> None:
    with refused("account_needed"):
        services.allow_improvement(support_set=signs, allowed=True)


def test_a_class_is_one_of_one_support_set(ada: SupportSet, ben: SupportSet) -> None:
    version = version_of_the_site()
    assert (version.status, version.n_classes, version.n_pictures) == (JobStatus.READY, 4, 8)
    names = {entry["name"] for entry in version.classes}
    assert sorted(name[:12] for name in names) == sorted(2 * [ada.pk.hex[:12], ben.pk.hex[:12]])
    assert not [name for name in names if "sign" in name]
    assert version.contributions.count() == 8
    assert set(version.contributions.values_list("path", flat=True)) == set(paths_in(version))


def test_small_classes_are_left_out_and_counted_without_their_names(ada: SupportSet, ben: SupportSet) -> None:
    services.add_images(support_set=ada, class_name="secret", files=[drawing_upload(900)])
    version = version_of_the_site()
    assert (version.report["n_small"], version.report["small"]) == (1, [])
    assert version.n_classes == 4


def test_a_class_keeps_its_split_in_the_next_version(ada: SupportSet, ben: SupportSet) -> None:
    first = version_of_the_site()
    services.allow_improvement(support_set=support_set_of(user("cem"), seed=300, classes=6), allowed=True)
    second = datasets.add_version(dataset=first.dataset, material=Material(least_pictures=2), by=None)
    worker.ingest(str(second.pk))
    second.refresh_from_db()
    splits = {entry["name"]: entry["split"] for entry in second.classes}
    assert {entry["name"]: entry["split"] for entry in first.classes}.items() <= splits.items()
    assert second.n_classes == 10


def revoke(support_set: SupportSet) -> None:
    services.allow_improvement(support_set=support_set, allowed=False)


def delete_the_set(support_set: SupportSet) -> None:
    services.delete_support_set(support_set=support_set)


def delete_the_owner(support_set: SupportSet) -> None:
    deletion.remove_owner(support_set.owner)


def delete_the_user(support_set: SupportSet) -> None:
    assert support_set.owner.user
    support_set.owner.user.delete()


def delete_every_class(support_set: SupportSet) -> None:
    for support_class in support_set.classes.present():
        services.delete_class(support_class=support_class)


def delete_for_good(support_set: SupportSet) -> None:
    delete_every_class(support_set)
    support_set.classes.update(deleted_at=timezone.now() - timedelta(days=1))
    retention.forget()


WAYS = [revoke, delete_the_set, delete_the_owner, delete_the_user, delete_every_class, delete_for_good]


@pytest.mark.parametrize("taken_back", WAYS, ids=lambda way: way.__name__)
def test_what_is_taken_back_leaves_every_version(
    taken_back: Callable[[SupportSet], None], ada: SupportSet, ben: SupportSet, settings: Any
) -> None:
    version = version_of_the_site()
    before = {version.archive.name, version.contact_sheet.name}
    taken_back(ada)
    contributions.withdraw()
    version.refresh_from_db()
    assert version.incomplete
    assert version not in DatasetVersion.objects.trainable()
    assert (version.n_classes, version.n_pictures, len(paths_in(version))) == (2, 4, 4)
    assert all(ben.pk.hex[:12] in path for path in paths_in(version))
    assert all(ben.pk.hex[:12] in entry["name"] for entry in version.classes)
    assert not before & stored_files(settings)
    assert Contribution.objects.count() == 4


def test_one_picture_that_is_deleted_leaves_alone(ada: SupportSet, ben: SupportSet) -> None:
    version = version_of_the_site()
    services.delete_image(image=SupportImage.objects.filter(support_class__support_set=ada)[0])
    contributions.withdraw()
    version.refresh_from_db()
    assert (version.incomplete, version.n_classes, version.n_pictures) == (True, 4, 7)
    with version.archive.open("rb") as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None


def test_what_holds_the_pictures_in_memory_is_stopped_with_a_sentence(ada: SupportSet, ben: SupportSet) -> None:
    version = version_of_the_site()
    shared = {"version": version, "kind": "characters", "method": "prototypical"}
    going = TrainingRun.objects.create(name="going", status=JobStatus.RUNNING, **shared)
    waiting = TrainingRun.objects.create(name="waiting", **shared)
    over = TrainingRun.objects.create(name="over", status=JobStatus.READY, **shared)
    timing = RunEstimate.objects.create(status=JobStatus.RUNNING, **shared)
    old, new = (checkpoint_row(name) for name in ("old", "new"))
    evaluation = Evaluation.objects.create(checkpoint=new, against=old, version=version, status=JobStatus.RUNNING)
    revoke(ada)
    contributions.withdraw()
    for job in (going, waiting, over, timing, evaluation):
        job.refresh_from_db()
    assert over.status == JobStatus.READY
    for job in (going, waiting, timing, evaluation):
        assert (job.status, job.error_code) == (JobStatus.FAILED, "pictures_withdrawn")
        assert job.status_sentence == "Pictures were withdrawn by their owners, so this was stopped."


def test_nothing_is_touched_while_nobody_takes_anything_back(ada: SupportSet, ben: SupportSet) -> None:
    version = version_of_the_site()
    contributions.withdraw()
    again = DatasetVersion.objects.get(pk=version.pk)
    assert (again.incomplete, again.archive.name) == (False, version.archive.name)


def test_what_is_taken_back_while_it_is_ingested_is_taken_out_after(ada: SupportSet, ben: SupportSet) -> None:
    version = datasets.create_dataset(name="Site", source=Source.SITE, material=Material(least_pictures=2), by=None)
    worker.ingest(str(version.pk))
    revoke(ada)
    revoke(ben)
    contributions.withdraw()
    version.refresh_from_db()
    assert (version.incomplete, version.n_pictures, paths_in(version)) == (True, 0, [])


def test_where_there_is_no_room_to_rewrite_the_whole_archive_goes(
    ada: SupportSet, ben: SupportSet, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(FULL[0], "full")

    version = version_of_the_site()
    archive = version.archive.name
    monkeypatch.setattr("webapp.training.contributions.store_staged", full)
    revoke(ada)
    contributions.withdraw()
    version.refresh_from_db()
    assert (version.incomplete, version.archive.name, version.n_pictures) == (True, "", 0)
    assert archive not in stored_files(settings)


def test_published_checkpoints_that_learned_from_a_version_are_found(ada: SupportSet, ben: SupportSet) -> None:
    version = version_of_the_site()
    other = DatasetVersion.objects.create(dataset=version.dataset, number=9)
    learned, retrained, unpublished, unrelated = (checkpoint(name) for name in ("a", "b", "c", "d"))
    run(version, learned)
    run(other, retrained, start_from=learned)
    run(version, unpublished)
    run(other, unrelated)
    for published in (learned, retrained, unrelated):
        Publication.objects.create(kind="characters", act=Act.PUBLISH, checkpoint=published)
    assert set(published_learners(version=version)) == {learned, retrained}


def checkpoint(name: str) -> Checkpoint:
    return Checkpoint.objects.create(name=name, kind="characters", folder=name, card={"method": "maml"}, digest=name)


def run(version: DatasetVersion, made: Checkpoint, start_from: Checkpoint | None = None) -> TrainingRun:
    fields = {"kind": "characters", "method": "maml", "version": version, "checkpoint": made, "start_from": start_from}
    return TrainingRun.objects.create(name=made.name, **fields)


def test_the_clock_looks_for_what_is_taken_back_well_within_a_minute(settings: Any) -> None:
    assert settings.GLIMPSE_CLOCK["webapp.recognition.services.contributions.withdraw"] <= 30


def test_the_staging_folder_is_left_empty(ada: SupportSet, ben: SupportSet) -> None:
    version_of_the_site()
    revoke(ada)
    contributions.withdraw()
    assert list(all_staging().iterdir()) == []


def test_an_owner_switches_it_on_and_off_on_the_page(db: None) -> None:
    support_set = support_set_of(user("ada"), classes=1, pictures=1)
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    page, switch = f"/support-sets/{support_set.pk}/", f"/support-sets/{support_set.pk}/improvement/"
    assert b'name="allowed" value="yes" aria-describedby="improvement-help">' in client.get(page).content
    for sent, allowed in (({"allowed": "yes"}, True), ({}, False)):
        assert client.post(switch, sent, headers={"HX-Request": "true"}).status_code == 200
        support_set.refresh_from_db()
        assert support_set.may_improve_models is allowed
    assert client.post(switch, {"allowed": "yes"}).status_code == 302


def test_a_guest_sees_no_switch(signs: SupportSet) -> None:
    from tests.recognition.conftest import visit

    assert b"improvement" not in visit(signs.owner).get(f"/support-sets/{signs.pk}/").content
