"""A method is added in three edits and a backbone in two: the ones that docs/extending.md names, and nothing else.

The edits are made in a copy of the library; programs of their own then train, measure, save and load with it, and the
site's form of a run shows what the new method alone has.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
METHOD = '''
"""Nearest neighbours in a learned embedding."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.episode import LabeledSet
from mlcore.method_config.toy import ToyConfig
from mlcore.methods.base import Classifier, FewShotMethod, Watch, part_of, unwatched


class Toy(FewShotMethod):
    config: ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.scale = nn.Parameter(torch.tensor(config.sharpness))

    def encode(self, inputs: Tensor) -> Tensor:
        return self.backbone(inputs)

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> Classifier:
        return ToyClassifier(self, support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> Classifier:
        return ToyClassifier(self, part_of(state, "support"), part_of(state, "labels"))


class ToyClassifier(Classifier):
    def logits_from(self, embeddings: Tensor) -> Tensor:
        similarity = functional.normalize(embeddings, dim=1) @ functional.normalize(self._support, dim=1).T
        of_class = functional.one_hot(self._labels, self.n_way).to(similarity)
        return self._method.scale * similarity @ of_class / of_class.sum(0)
'''
CONFIG = '''
"""The config of the toy."""

from dataclasses import dataclass

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class ToyConfig(MethodConfig):
    """The toy."""

    sharpness: float = setting(
        10.0, above=0, label="Toy sharpness", help="How much the nearest neighbours outweigh the others."
    )
'''
BACKBONE = '''
"""One layer."""

from torch import Tensor, nn

from mlcore.config import BackboneConfig


class Glance(nn.Module):
    def __init__(self, config: BackboneConfig, *, output: str = "embedding") -> None:
        super().__init__()
        self.map_shape = (config.width, 4, 4)
        self.embedding_size = 16 * config.width
        layers = [nn.AdaptiveAvgPool2d(4), nn.Conv2d(config.in_channels, config.width, 1)]
        self.layers = nn.Sequential(*layers, nn.Flatten() if output == "embedding" else nn.Identity())

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)
'''
METHODS, BACKBONES = "METHODS: dict[str, RegisteredMethod] = {\n", "BACKBONES: dict[str, RegisteredBackbone] = {\n"
METHOD_LINE = '    "toy": RegisteredMethod(path="mlcore.methods.toy.Toy", config=ToyConfig),\n'
BACKBONE_LINE = '    "glance": RegisteredBackbone(path="mlcore.backbones.glance.Glance", least_size=4),\n'
RUN: dict[str, Any] = {
    "kind": "characters",
    "method": "toy",
    "data": {"dataset": "strokes", "n_classes": 6, "split": "train"},
    "validation_split": "val",
    "validation_n_way": 5,
    "episodes": {"n_way": 5, "n_query": 2},
    "training": {"steps": 2, "validate_every": 2, "validation_episodes": 2, "save_every": 0},
    "method_config": {"sharpness": 3.0, "backbone": {"name": "glance", "width": 4, "image_size": 56}},
}
RESTORE = """
import sys
from pathlib import Path
import torch
import mlcore
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.data.episode import LabeledSet
method = load_checkpoint(Path(sys.argv[1]))
support = LabeledSet(torch.rand(4, 1, 56, 56), torch.tensor([0, 0, 1, 1]))
classifier, query = method.adapt(support), torch.rand(3, 1, 56, 56)
torch.testing.assert_close(method.restore(classifier.state()).logits(query), classifier.logits(query))
print(type(method).__name__, type(method.backbone).__name__, method.config.sharpness, mlcore.__file__)
"""
SHOW_FORM = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import reverse
setup_test_environment()
call_command("migrate", verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_superuser("staff"), "django.contrib.auth.backends.ModelBackend")
print(client.get(reverse("admin:training_trainingrun_add"), {"method": "toy"}).content.decode())
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the library, and make the edits of docs/extending.md: three for a method, two for a backbone."""
    folder = tmp_path_factory.mktemp("edited")
    library = folder / "mlcore"
    shutil.copytree(ROOT / "mlcore", library, ignore=shutil.ignore_patterns("__pycache__", "pretrained"))
    (library / "pretrained").symlink_to(ROOT / "mlcore" / "pretrained")
    (library / "methods" / "toy.py").write_text(METHOD.lstrip())
    (library / "method_config" / "toy.py").write_text(CONFIG.lstrip())
    register(library / "method_config" / "__init__.py", METHODS, METHOD_LINE, "mlcore.method_config.toy", "ToyConfig")
    (library / "backbones" / "glance.py").write_text(BACKBONE.lstrip())
    register(library / "config.py", BACKBONES, BACKBONE_LINE)
    return folder


def register(path: Path, registry: str, line: str, module: str = "", name: str = "") -> None:
    """Write a line into a registry, and before it the import that it needs."""
    source = path.read_text()
    assert source.count(registry) == 1
    needed = f"from {module} import {name}  # noqa: E402\n\n" if module else ""
    path.write_text(source.replace(registry, f"{needed}{registry}{line}"))


@pytest.fixture(scope="module")
def trained(copy: Path) -> Path:
    """Train two steps, as a run of the site does."""
    (copy / "run.json").write_text(json.dumps(RUN))
    run(copy, "-m", "mlcore", "train", "--config", "run.json", "--out", "made", "--device", "cpu")
    return copy / "made"


def run(folder: Path, *arguments: str) -> str:
    """Run Python where the copy stands before the project, and return what it printed."""
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "GLIMPSE_DATA_DIR": str(folder / "data"),
    }
    (folder / "data").mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def edited(compared: filecmp.dircmp[str], above: str = "") -> set[str]:
    """Return the paths of what is new in the copy or differs from the project."""
    here = {f"{above}{name}" for name in (*compared.right_only, *compared.diff_files)}
    return here.union(*(edited(inside, f"{above}{name}/") for name, inside in compared.subdirs.items()))


def test_a_method_takes_three_edits_and_a_backbone_two(copy: Path) -> None:
    paths = edited(filecmp.dircmp(ROOT / "mlcore", copy / "mlcore", ignore=["__pycache__", "pretrained"]))
    of_method = {"methods/toy.py", "method_config/toy.py", "method_config/__init__.py"}
    assert paths == of_method | {"backbones/glance.py", "config.py"}


def test_it_trains_and_saves_and_says_so_on_its_card(trained: Path) -> None:
    card = json.loads((trained / "card.json").read_text())
    assert (card["method"], card["config"]["sharpness"]) == ("toy", 3.0)
    assert card["config"]["backbone"]["name"] == "glance"


def test_it_is_measured(copy: Path, trained: Path) -> None:
    exam = ["--dataset", "strokes", "--n-classes", "6", "--split", "val", "--episodes", "2", "--n-query", "2"]
    printed = run(copy, "-m", "mlcore", "evaluate", "--checkpoint", str(trained), *exam, "--device", "cpu", "--json")
    assert 0 <= json.loads(printed)["accuracy"] <= 1


def test_it_is_loaded_and_its_classifiers_restored(copy: Path, trained: Path) -> None:
    assert run(copy, "-c", RESTORE, str(trained)).split() == ["Toy", "Glance", "3.0", str(copy / "mlcore/__init__.py")]


def test_its_settings_are_options_of_the_command(copy: Path) -> None:
    assert "--sharpness" in run(copy, "-m", "mlcore", "train", "--method", "toy", "--help")


def test_the_site_offers_it_with_the_setting_that_it_alone_has(copy: Path) -> None:
    page = run(copy, "-c", SHOW_FORM)
    assert "Toy sharpness" in page
    assert "How much the nearest neighbours outweigh the others." in page
    assert 'value="toy"' in page
    assert 'value="glance"' in page
