"""Make the `photos` checkpoint: the card, and the one tensor of our own, the scale of the distances.

No weight is learned from the photos. The temperature is fitted on 15 classes; the card's figures come from the 20
others, and from all 35, over 1000 episodes each. The options come from `benchmarks.photos` and `docs/photos.md`.

    python -m benchmarks.photos_checkpoint --data-root ../shared/data/grocery_store --out mlcore/pretrained/photos
"""

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.photo_classes import N_CALIBRATING, load_photos, split_classes
from mlcore.backbones.pretrained import serve_from
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig, EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.evaluation.calibration import fit_temperature
from mlcore.evaluation.episodes import compute_inputs, evaluate, featurise
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.prototypical import Prototypical

CONFIG = PrototypicalConfig(
    backbone=BackboneConfig(name="efficientnet_lite0", in_channels=3, image_size=448), shrinkage=0.001
)
SEED = 0
SETTINGS = ((5, 1), (5, 5), (20, 1), (20, 5))  # n_way, k_shot
NOTES = (
    "EfficientNet-Lite0 with its ImageNet weights, which stay in their package. Ways were explored on all 35 classes "
    "of the Grocery Store photos; the temperature was fitted on 15 of them. Expect less on pictures that are unlike "
    "ImageNet's: drawings, scans, microscopy. Not for telling people apart."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, calibrate, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds photos_160.zip")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument("--episodes", type=int, default=1000, help="of each figure")
    parser.add_argument("--calibrating", type=int, default=N_CALIBRATING, help="classes to fit the temperature on")
    options = parser.parse_args(arguments)
    dataset = load_photos(options.data_root)
    method = _build(options.onnx)
    features = featurise(method, compute_inputs(method, dataset.images, find_transform("photos")))
    calibrating, others = split_classes(dataset.n_classes, n_calibrating=options.calibrating)
    card = _card(dataset, n_calibrating=len(calibrating), command=_command(arguments))
    card = fit_temperature(method, card, *_part(dataset, features, calibrating), seed=SEED)
    method.card = card
    unfitted = f"the {len(others)} classes that the temperature was not fitted on"
    results = _measure(method, *_part(dataset, features, others), unfitted, options.episodes)
    results += _measure(method, dataset, features, f"all {dataset.n_classes} classes", options.episodes)
    save_checkpoint(options.out, method, replace(card, results=results))
    print((options.out / "card.json").read_text(encoding="utf-8"))


def _build(onnx_folder: Path) -> Prototypical:
    """Build the method, its scale such that logits are minus the squared distance between embeddings of length 1."""
    method = Prototypical(CONFIG).eval().requires_grad_(False)
    method.log_scale.fill_(math.log(method.embedding_size))
    serve_from(method, onnx_folder)
    return method


def _part(dataset: PictureDataset, features: Tensor, classes: list[int]) -> tuple[PictureDataset, Tensor]:
    rows = torch.cat([(dataset.labels == label).nonzero()[:, 0] for label in classes])
    return dataset.subset(classes), features[rows]


def _measure(
    method: Prototypical, dataset: PictureDataset, features: Tensor, what: str, n_episodes: int
) -> list[dict[str, Any]]:
    results = []
    for ways, k_shot in SETTINGS:
        n_way = min(ways, dataset.n_classes)
        episodes = EpisodeConfig(n_way=n_way, k_shot=k_shot, n_query=10)
        sampler = EpisodeSampler(dataset, episodes, seed=SEED)
        result = evaluate(method, features, sampler, n_episodes=n_episodes)
        results.append(
            {
                "dataset": f"Grocery Store, {what}",
                "protocol": f"{n_way}-way {k_shot}-shot, {n_episodes} episodes, {episodes.n_query} queries a class",
                "accuracy": round(result.accuracy, 4),
                "ci95": round(result.ci95, 4),
                "ece": round(result.ece, 4),
                "seed": SEED,
            }
        )
    return results


def _command(arguments: Sequence[str] | None) -> str:
    words = sys.argv[1:] if arguments is None else arguments
    return f"python -m benchmarks.photos_checkpoint {shlex.join(words)}"


def _card(dataset: PictureDataset, *, n_calibrating: int, command: str) -> ModelCard:
    return ModelCard(
        name="photos",
        kind="photos",
        method="prototypical",
        config=CONFIG.to_dict(),
        transform="photos",
        not_sure_below=0.6,
        data={
            "name": "ImageNet (ILSVRC 2012), by the package's authors",
            "calibration": f"Grocery Store, {n_calibrating} classes",
            "fingerprint": dataset.fingerprint,
        },
        training={"seed": SEED, "learned_here": "nothing; temperatures are fitted"},
        command=command,
        created=datetime.now(UTC).date().isoformat(),
        licence="MIT; the backbone's weights Apache-2.0, in their package",
        credit="EfficientNet-Lite0: Tan & Le (2019), Google, Apache-2.0; Grocery Store: Klasson et al. (2019), MIT",
        notes=NOTES,
    )


if __name__ == "__main__":
    main()
