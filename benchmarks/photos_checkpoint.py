"""Make the `photos` checkpoint: the card, the one tensor of our own, the scale of the distances, and the bank.

No weight is learned from the photos. The temperature and how strangers are told are fitted on all 35 classes, of which
the bank holds ten pictures each. The card's figures come from 15 classes, over 1000 episodes each, with what was fitted
on the 20 others alone. The options come from `benchmarks.photos` and `docs/photos.md`.

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

from benchmarks.photo_classes import N_REPORTING, load_photos, part_of, split_classes
from mlcore.backbones.pretrained import serve_from
from mlcore.checkpoints.banks import BANKS, Bank
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig, EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.evaluation.calibration import fit_temperature
from mlcore.evaluation.episodes import compute_inputs, evaluate, featurise
from mlcore.evaluation.rejection import fit_familiarity
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.base import FewShotMethod
from mlcore.methods.prototypical import Prototypical

CONFIG = PrototypicalConfig(
    backbone=BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448), shrinkage=0.001
)
SEED = 0
KNOWN = 5000  # pictures of known classes for each number of ways and shots
BANKED = 10  # pictures of each class in the bank
SETTINGS = ((5, 1), (5, 5), (20, 1), (20, 5))  # n_way, k_shot
NOTES = (
    "EfficientNet-Lite2 with its ImageNet weights, which stay in their package. Ways were explored on all 35 classes "
    "of the Grocery Store photos, the network chosen on 20 of them. Its confidence and how it tells strangers are "
    "fitted on all 35; the figures are of 15, from a fit on the 20 others. Expect less on pictures that are unlike "
    "ImageNet's: drawings, scans, microscopy. Not for telling people apart."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, calibrate, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds photos_160.zip")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument("--episodes", type=int, default=1000, help="of each figure")
    parser.add_argument("--reporting", type=int, default=N_REPORTING, help="classes that only report")
    options = parser.parse_args(arguments)
    dataset = load_photos(options.data_root)
    method = build(CONFIG.backbone.name, options.onnx)
    inputs = compute_inputs(method, dataset.images, find_transform("photos"))
    features = featurise(method, inputs)
    choosing, reporting = split_classes(dataset.n_classes, n_reporting=options.reporting)
    card = _card(dataset, command=_command(arguments))
    method.card = fit_temperature(method, card, *part_of(dataset, features, choosing), seed=SEED)
    what = f"{len(reporting)} classes, from a fit on the {len(choosing)} others"
    results = _measure(method, *part_of(dataset, features, reporting), what, options.episodes)
    bank = bank_of(dataset, inputs).save(options.out.parent / BANKS.name)
    card = fitted(method, card, dataset, features, bank=bank)
    save_checkpoint(options.out, method, replace(card, results=results))
    print((options.out / "card.json").read_text(encoding="utf-8"))


def build(backbone: str, onnx_folder: Path) -> Prototypical:
    """Build the method, its scale such that logits are minus the squared distance between embeddings of length 1."""
    config = replace(CONFIG, backbone=replace(CONFIG.backbone, name=backbone))
    method = Prototypical(config).eval().requires_grad_(False)
    method.log_scale.fill_(math.log(method.embedding_size))
    serve_from(method, onnx_folder)
    return method


def bank_of(dataset: PictureDataset, inputs: Tensor) -> Bank:
    """Keep the first pictures of each class, as the backbone embeds them (n, d), to tell strangers by."""
    rows = torch.cat([(dataset.labels == label).nonzero()[:BANKED, 0] for label in range(dataset.n_classes)])
    return Bank(CONFIG.backbone.name, inputs[rows], dataset.labels[rows], dataset.class_names)


def fitted(
    method: FewShotMethod, card: ModelCard, dataset: PictureDataset, features: Tensor, *, bank: Bank
) -> ModelCard:
    """Return the card with its temperature, and with how strangers are told, from all of a data set."""
    card = fit_temperature(method, card, dataset, features, seed=SEED)
    return fit_familiarity(method, card, dataset, features, bank=bank, seed=SEED, n_known=KNOWN)


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


def _card(dataset: PictureDataset, *, command: str) -> ModelCard:
    return ModelCard(
        name="photos",
        kind="photos",
        method="prototypical",
        config=CONFIG.to_dict(),
        transform="photos",
        not_sure_below=0.6,
        data={
            "name": "ImageNet (ILSVRC 2012), by the package's authors",
            "calibration": f"Grocery Store, {dataset.n_classes} classes",
            "fingerprint": dataset.fingerprint,
        },
        training={"seed": SEED, "learned_here": "nothing; temperatures are fitted"},
        command=command,
        created=datetime.now(UTC).date().isoformat(),
        licence="MIT; the backbone's weights Apache-2.0, in their package",
        credit="EfficientNet-Lite2: Tan & Le (2019), Google, Apache-2.0; Grocery Store: Klasson et al. (2019), MIT",
        notes=NOTES,
    )


if __name__ == "__main__":
    main()
