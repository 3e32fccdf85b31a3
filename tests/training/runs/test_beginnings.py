"""What fills the form of a run: a checkpoint's card, a data set, the kind of picture; and what that data allows."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from tests.training import small_runs
from tests.training.people import signed_in
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.services.registry import sync_shipped
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun
from webapp.training.runs.beginnings import beginning
from webapp.training.runs.forms import RunForm

pytestmark = pytest.mark.django_db
ADD = "admin:training_trainingrun_add"
N_TRAINED = 13


@pytest.fixture
def version() -> DatasetVersion:
    """Have a data set of 13 classes to train on, of 12 pictures each, and some to validate on."""
    version = small_runs.small_version()
    version.classes = [
        {"name": f"sign{number}", "split": "train" if number < N_TRAINED else "val", "pictures": 12}
        for number in range(N_TRAINED + 5)
    ]
    version.save()
    return version


@pytest.fixture
def shipped() -> dict[str, Checkpoint]:
    return {row.name: row for row in sync_shipped()}


def sent(form: RunForm, **changes: Any) -> dict[str, Any]:
    """Return what a browser sends of a form as it is filled."""
    values = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in values.items() if value is not None and value is not False and value != []}
    return {**{name: str(value) for name, value in kept.items()}, **changes}


def test_every_shipped_checkpoint_is_trained_further_with_what_its_card_says(
    version: DatasetVersion, shipped: dict[str, Checkpoint]
) -> None:
    for name, checkpoint in shipped.items():
        if checkpoint.can_go_live:
            form = RunForm(
                initial=beginning({"start_from": str(checkpoint.pk), "version": str(version.pk), "fill": "start_from"})
            )
            again = RunForm(sent(form, name="Further"))
            assert again.is_valid(), (name, again.errors)
            assert again.settings
            assert again.settings.method == checkpoint.method
            assert again.settings.kind == checkpoint.kind
            client = signed_in("add_trainingrun")
            answer = client.post(reverse(ADD), sent(form, name="Further"))
            assert answer.status_code == 302, (name, answer.context["form"].errors)
            assert TrainingRun.objects.latest("created").start_from == checkpoint


def test_the_link_of_a_checkpoint_fills_the_form_from_its_card(shipped: dict[str, Checkpoint]) -> None:
    start = shipped["photos-maml"]
    form = signed_in("add_trainingrun").get(reverse(ADD), {"start_from": str(start.pk)}).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    assert filled["name"] == "photos-maml, further"
    assert (filled["kind"], filled["method"], filled["start_from"]) == ("photos", "maml", start.pk)
    assert filled["method_config.backbone.name"] == start.card["config"]["backbone"]["name"]
    assert (filled["method_config.adapter"], filled["training.outer_lr"], filled["episodes.k_shot"]) == (32, 0.001, 3)
    assert (filled["method_config.inner_lr"], filled["training.affine"]) == (0.03, 0.0)


def test_a_chosen_start_fills_a_form_that_was_begun_and_keeps_its_name_and_data(
    version: DatasetVersion, shipped: dict[str, Checkpoint]
) -> None:
    client, start = signed_in("add_trainingrun"), str(shipped["characters"].pk)
    typed = {"name": "Mine", "version": str(version.pk), "kind": "photos", "method": "maml", "start_from": start}
    typed |= {"episodes.n_way": "7", "fill": "start_from", "opened": "training"}
    for answer in (client.get(reverse(ADD), typed), client.post(reverse(ADD), typed)):  # by script, and without
        form = answer.context["form"]
        assert (form["name"].value(), str(form["version"].value())) == ("Mine", str(version.pk))
        assert (form["kind"].value(), form["method"].value()) == ("characters", "prototypical")
        assert form["method_config.backbone.name"].value() == "resnet8"
        assert form["method_config.backbone.width"].value() == 96
        assert [group.name for group in form.advanced if group.is_open] == ["training"]
    assert not TrainingRun.objects.exists()


def test_the_page_of_a_checkpoint_leads_to_the_form_for_those_who_may_train(shipped: dict[str, Checkpoint]) -> None:
    address = reverse("admin:checkpoints_checkpoint_change", args=[shipped["characters"].pk])
    link = f"{reverse(ADD)}?start_from={shipped['characters'].pk}"
    assert link in signed_in("view_checkpoint", "add_trainingrun").get(address).content.decode()
    assert link not in signed_in("view_checkpoint").get(address).content.decode()


def test_the_pages_of_a_data_set_lead_to_the_form(version: DatasetVersion) -> None:
    client = signed_in("view_dataset", "view_datasetversion", "add_trainingrun")
    link = f"{reverse(ADD)}?version={version.pk}"
    pages = [("dataset", version.dataset_id), ("datasetversion", version.pk)]
    addresses = [reverse(f"admin:datasets_{model}_change", args=[pk]) for model, pk in pages]
    assert [link in client.get(address).content.decode() for address in addresses] == [True, True]
    assert str(client.get(link).context["form"]["version"].value()) == str(version.pk)
    DatasetVersion.objects.update(incomplete=True)
    assert [link in client.get(address).content.decode() for address in addresses] == [False, False]


def test_a_data_set_is_offered_no_more_ways_than_it_has_classes(version: DatasetVersion) -> None:
    form = RunForm(initial=beginning({"version": str(version.pk)}))
    assert form["episodes.n_way"].value() == N_TRAINED
    assert f"The data has {N_TRAINED} to choose from." in form.fields["episodes.n_way"].help_text
    faces = RunForm(initial={"version": str(version.pk), "method": "arcface"})
    assert faces["training.people_per_step"].value() == 8
    DatasetVersion.objects.update(classes=version.classes[:5])
    assert RunForm(initial={"version": str(version.pk), "method": "arcface"})["training.people_per_step"].value() == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"episodes.n_way": "14"}, "Ways is 14; it must be at most 13: signs v1 has no more classes to train on."),
        (
            {"episodes.k_shot": "11"},
            "Ways is 13, but fewer than two classes of signs v1 have so many pictures as shots and queries",
        ),
    ],
)
def test_more_ways_than_classes_are_refused_beside_the_field(
    version: DatasetVersion, changes: dict[str, str], words: str
) -> None:
    form = RunForm(initial=beginning({"version": str(version.pk)}))
    answer = signed_in("add_trainingrun").post(reverse(ADD), sent(form, name="Too many", **changes))
    assert words in answer.context["form"].errors["episodes.n_way"][0]
    assert not TrainingRun.objects.exists()


def test_photos_start_from_the_pretrained_network_and_characters_do_not(version: DatasetVersion) -> None:
    turned = {"episodes.n_rotations": "4", "training.warped_share": "0.5"}
    typed = sent(RunForm(initial={}), version=str(version.pk), kind="photos", fill="kind", **turned)
    photos = RunForm(initial=beginning(typed))
    network = ("method_config.backbone.name", "method_config.adapter", "training.affine")
    assert [photos[name].value() for name in network] == ["efficientnet_lite2", 32, 0.0]
    assert RunForm(sent(photos, name="Fruit")).is_valid()
    back = RunForm(initial=beginning(sent(photos, kind="characters", fill="kind")))
    assert [back[name].value() for name in network] == ["conv4", 0, 1.0]
    small = RunForm(initial=beginning(sent(photos, **{"method_config.backbone.name": "conv4", "fill": network[0]})))
    assert [small[name].value() for name in network] == ["conv4", 0, 1.0]


def test_what_was_unfolded_stays_so_in_a_refused_form_and_is_no_matter_for_an_estimate(version: DatasetVersion) -> None:
    form = RunForm(initial={"version": str(version.pk)})
    typed = sent(form, name="", opened=["training", "episodes"])
    client = signed_in("add_trainingrun")
    form = client.post(reverse(ADD), typed).context["form"]
    assert [group.name for group in form.advanced if group.is_open] == ["episodes", "training"]
    assert client.post(reverse("admin:training_run_estimate"), typed).context["estimate"] is not None


def test_another_kind_of_picture_takes_the_start_away(version: DatasetVersion, shipped: dict[str, Checkpoint]) -> None:
    form = RunForm(initial=beginning({"start_from": str(shipped["characters"].pk)}))
    assert "start_from" not in beginning(sent(form, kind="photos", fill="kind"))
    assert "start_from" in beginning(sent(form, method="maml", fill="method"))


def test_a_kind_that_staff_made_is_chosen_again_without_its_transform(
    version: DatasetVersion, shipped: dict[str, Checkpoint]
) -> None:
    card = {**shipped["characters"].card, "kind": "runes", "name": "runes"}
    runes = Checkpoint.objects.create(name="runes", kind="runes", folder="runes", digest="1", card=card)
    form = RunForm(sent(RunForm(initial={}), name="More runes", version=str(version.pk), kind="runes"))
    assert form.is_valid(), form.errors
    further = RunForm(initial=beginning({"start_from": str(runes.pk)}))
    assert further["kind"].value() == "runes"


def test_an_address_that_names_nothing_gives_the_plain_form() -> None:
    client = signed_in("add_trainingrun")
    for typed in ({"clone": "x"}, {"start_from": "x"}, {"version": "x"}, {"clone": ""}, {"fill": "clone"}):
        assert client.get(reverse(ADD), typed).status_code == 200


def test_the_command_takes_what_is_not_said_from_the_checkpoint_to_start_from(
    version: DatasetVersion, shipped: dict[str, Checkpoint]
) -> None:
    User.objects.create_user("ada", is_staff=True)

    def started(*more: str) -> TrainingRun:
        out = io.StringIO()
        words = ("start_training_run", "Further", "--dataset", "signs", "--by", "ada", "--json")
        call_command(*words, *more, stdout=out)
        return TrainingRun.objects.get(pk=json.loads(out.getvalue())["run"])

    same = started("--start-from", "photos-maml", "--set", "training.steps=5")
    assert (same.kind, same.method, same.config["episodes"]["k_shot"]) == ("photos", "maml", 3)
    assert (same.config["training"]["steps"], same.config["method_config"]["adapter"]) == (5, 32)
    other = started("--start-from", "characters", "--method", "maml")
    assert (other.method, other.config["method_config"]["backbone"]["name"]) == ("maml", "resnet8")
    assert other.config["method_config"]["backbone"]["width"] == 96
    assert started().config["episodes"]["n_way"] == N_TRAINED
