"""Make the `photos` checkpoint: the card, and the one tensor of our own, the scale of the distances.

No weight is learned from the photos. The temperature is fitted on 15 classes; the card's figures come from the 20
others, and from all 35, over 1000 episodes each. The options come from `benchmarks.photos` and `docs/photos.md`.

    python -m benchmarks.photos_checkpoint --data-root ../shared/data/grocery_store --out mlcore/pretrained/photos
"""

import argparse
import math
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.photo_classes import deal, load_photos
from mlcore.backbones.pretrained import serve_from
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig, EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.evaluation.calibration import fit_temperature
from mlcore.evaluation.episodes import compute_inputs, evaluate, featurise
from mlcore.method_config import PrototypicalConfig
from mlcore.methods.prototypical import Prototypical

CONFIG = PrototypicalConfig(
    backbone=BackboneConfig(name="efficientnet_lite0", in_channels=3, image_size=448), shrinkage=0.001
)
N_EPISODES = 1000
SEED = 0
SETTINGS = ((5, 1), (5, 5), (20, 1), (20, 5))  # n_way, k_shot
NOTES = (
    "EfficientNet-Lite0 with its ImageNet weights, which stay in their package. Ways were explored on all 35 classes "
    "of the Grocery Store photos; the temperature was fitted on 15 of them. Expect less on pictures that are unlike "
    "ImageNet's: drawings, scans, microscopy. Not for telling people apart."
)


def main() -> None:
    """Build, calibrate, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds photos_160.zip")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    options = parser.parse_args()
    dataset = load_photos(options.data_root)
    method = _build(options.onnx)
    features = featurise(method, compute_inputs(method, dataset.images, find_transform("photos")))
    calibrating, others = deal(dataset.n_classes)
    card = fit_temperature(method, _card(dataset), *_part(dataset, features, calibrating), seed=SEED)
    method.card = card
    results = _measure(
        method, *_part(dataset, features, others), "the 20 classes that the temperature was not fitted on"
    )
    results += _measure(method, dataset, features, "all 35 classes")
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


def _measure(method: Prototypical, dataset: PictureDataset, features: Tensor, what: str) -> list[dict[str, Any]]:
    results = []
    for n_way, k_shot in SETTINGS:
        episodes = EpisodeConfig(n_way=n_way, k_shot=k_shot, n_query=10)
        found = evaluate(method, features, EpisodeSampler(dataset, episodes, seed=SEED), n_episodes=N_EPISODES)
        results.append(
            {
                "dataset": f"Grocery Store, {what}",
                "protocol": f"{n_way}-way {k_shot}-shot, {N_EPISODES} episodes, {episodes.n_query} queries a class",
                "accuracy": round(found.accuracy, 4),
                "ci95": round(found.ci95, 4),
                "ece": round(found.ece, 4),
                "seed": SEED,
            }
        )
    return results


def _card(dataset: PictureDataset) -> ModelCard:
    return ModelCard(
        name="photos",
        kind="photos",
        method="prototypical",
        config=CONFIG.to_dict(),
        transform="photos",
        not_sure_below=0.6,
        data={
            "name": "ImageNet (ILSVRC 2012), by the package's authors",
            "calibration": "Grocery Store, 15 classes",
            "fingerprint": dataset.fingerprint,
        },
        training={"seed": SEED, "learned_here": "nothing; temperatures are fitted"},
        command=" ".join(["python -m benchmarks.photos_checkpoint", *sys.argv[1:]]),
        created=datetime.now(UTC).date().isoformat(),
        licence="MIT; the backbone's weights Apache-2.0, in their package",
        credit="EfficientNet-Lite0: Tan & Le (2019), Google, Apache-2.0; Grocery Store: Klasson et al. (2019), MIT",
        notes=NOTES,
    )


if __name__ == "__main__":
    main()
