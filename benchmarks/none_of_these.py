"""How well pictures of none of the classes are told: `python -m benchmarks.none_of_these`.

Photos: what `photos` says of strangers is fitted anew on the 20 classes of the Grocery Store that choose, with a bank
of these, and reported on the 15 others. Strangers are other classes of the same shop (the same domain), mini-ImageNet's
test photos (near), and drawings, faces, noise and screenshots (far). Letters: the shipped `characters`, on Omniglot's
evaluation alphabets; strangers are other characters of the same alphabet. Each figure is a mean over episodes with the
half-width of its 95 % interval.

    python -m benchmarks.none_of_these --kind photos --data-root ../shared/data
    python -m benchmarks.none_of_these --kind characters --data-root ../shared/data
"""

import argparse
import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.photo_classes import N_REPORTING, load_photos, part_of, split_classes
from benchmarks.photos_checkpoint import bank_of, fitted
from mlcore.checkpoints.banks import Bank, bank_for
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.checkpoints.operating_points import OperatingPoint
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.images import decode, find_transform, to_mode
from mlcore.evaluation.episodes import compute_inputs, featurise
from mlcore.evaluation.rejection import Meeting, Meetings, auroc
from mlcore.methods.base import FewShotMethod
from mlcore.methods.metrics.familiar import unit

SHOTS = (1, 5)
N_FAR = 60
SCREENSHOTS = Path(__file__).parents[1] / "docs" / "screenshots"
SCORES = ("confidence", "nearest picture", "distance to the class", "familiarity")


@dataclass(frozen=True)
class Exam:
    """A method with its card, pictures of classes that fitted nothing, and pictures of other worlds, as features."""

    method: FewShotMethod
    card: ModelCard
    dataset: PictureDataset
    features: Tensor
    bank: Bank | None
    elsewhere: dict[str, Tensor]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of AUROC, and one of what the answers are called."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("photos", "characters"), required=True)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds grocery_store, omniglot, …")
    parser.add_argument("--checkpoint", help="a folder or a name (default: the kind's own)")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--ways", type=int, default=5, help="classes that are known, and as many that are not")
    parser.add_argument("--reporting", type=int, default=N_REPORTING, help="classes of photos that only report")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    folder = find_checkpoint(options.checkpoint or options.kind)
    method = load_checkpoint(folder, onnx_folder=options.onnx)
    exam = (_photos if options.kind == "photos" else _letters)(method, ModelCard.read(folder), options)
    exam.method.card = exam.card
    print(f"\n| strangers | task | {' | '.join(SCORES)} |\n|---|---|{'---|' * len(SCORES)}")
    meetings = {(options.ways, k_shot): _meetings(exam, k_shot, options) for k_shot in SHOTS}
    for where in ("the same domain", *exam.elsewhere):
        for (n_way, k_shot), met in meetings.items():
            cells = [_cell(score, met, exam.elsewhere.get(where)) for score in _scores()]
            print(f"| {where} | {n_way}-way {k_shot}-shot | {' | '.join(cells)} |", flush=True)
    print(
        "\n| task | refused | stated | strangers passed | stated | strangers sure | right ones sure | sure are right |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for (n_way, k_shot), met in meetings.items():
        print(f"| {n_way}-way {k_shot}-shot | {' | '.join(_said(exam.card, met, [k_shot] * n_way))} |")


def _photos(method: FewShotMethod, card: ModelCard, options: argparse.Namespace) -> Exam:
    dataset = load_photos(options.data_root / "grocery_store")
    transform = find_transform(card.transform)
    inputs = compute_inputs(method, dataset.images, transform)
    features = featurise(method, inputs)
    choosing, reporting = split_classes(dataset.n_classes, n_reporting=options.reporting)
    bank = bank_of(dataset.subset(choosing), part_of(dataset, inputs, choosing)[1])
    card = fitted(method, card, *part_of(dataset, features, choosing), bank=bank)
    elsewhere = {
        name: featurise(method, compute_inputs(method, to_mode(images, transform.mode), transform))
        for name, images in _elsewhere(options.data_root).items()
    }
    return Exam(method, card, *part_of(dataset, features, reporting), bank, elsewhere)


def _letters(method: FewShotMethod, card: ModelCard, options: argparse.Namespace) -> Exam:
    transform = find_transform(card.transform)
    root = options.data_root / "omniglot"
    dataset = load_dataset("omniglot", root=root, split="evaluation").in_mode(transform.mode)
    features = featurise(method, compute_inputs(method, dataset.images, transform))
    return Exam(method, card, dataset, features, bank_for(method.config), {})


def _elsewhere(data_root: Path) -> dict[str, Tensor]:
    """Read pictures of other worlds, each (n, C, 224, 224) uint8; what is not there is said and left out."""
    generator = torch.Generator().manual_seed(0)
    letters = load_dataset("omniglot", root=data_root / "omniglot", split="evaluation").images
    drawn = letters[torch.randperm(len(letters), generator=generator)[:N_FAR]].expand(-1, 3, -1, -1)
    smooth = [torch.rand(8, 3, side, side, generator=generator) * 255 for side in (2, 4, 8, 16, 32, 224)]
    screenshots = [decode(path.read_bytes(), mode="RGB", load_side=1280) for path in sorted(SCREENSHOTS.glob("*.png"))]
    worlds = {
        "near: photos": _zipped(data_root / "mini_imagenet/test_100_per_class.zip"),
        "far: drawings": list(drawn),
        "far: faces": _zipped(data_root / "faces_lfw_subset/faces_250_grey.zip"),
        "far: noise": [picture.to(torch.uint8) for group in smooth for picture in group],
        "far: screenshots": [part for picture in screenshots for part in _parts(picture)],
    }
    return {name: _square(pictures) for name, pictures in worlds.items() if pictures}


def _zipped(path: Path) -> list[Tensor]:
    """Read pictures evenly spread over a zip."""
    if not path.is_file():
        print(f"There is no {path.name}: what it holds is left out.")
        return []
    with zipfile.ZipFile(path) as archive:
        files = sorted(entry for entry in archive.namelist() if entry.lower().endswith((".jpg", ".jpeg", ".png")))
        step = max(len(files) // (2 * N_FAR), 1)
        return [decode(archive.read(entry), mode="RGB", load_side=224) for entry in files[::step]]


def _parts(picture: Tensor) -> list[Tensor]:
    """Cut a screenshot into squares of 400 px."""
    return [
        picture[:, top : top + 400, left : left + 400]
        for top in range(0, picture.shape[1] - 399, 200)
        for left in range(0, picture.shape[2] - 399, 200)
    ]


def _square(pictures: list[Tensor]) -> Tensor:
    resized = [
        functional.interpolate(picture[None].float(), (224, 224), mode="bilinear", antialias=True)
        for picture in pictures
    ]
    return torch.cat(resized).round().clamp(0, 255).to(torch.uint8)


def _meetings(exam: Exam, k_shot: int, options: argparse.Namespace) -> list[Meeting]:
    meetings = Meetings(exam.dataset, n_way=options.ways, k_shot=k_shot, bank=exam.bank, seed=options.seed + 1)
    return meetings.draw(exam.method, exam.features, options.episodes)


Score = Callable[[Meeting, Tensor], Tensor]


def _scores() -> list[Score]:
    """Return how much a picture looks like one of the classes, from features (n, ...): (n,), as `SCORES` name them."""

    def confidence(met: Meeting, features: Tensor) -> Tensor:
        return met.classifier.probabilities_of(features).amax(1)

    def nearest(met: Meeting, features: Tensor) -> Tensor:
        support = met.classifier.state()["support"]
        return (unit(met.classifier.embeddings_of(features)) @ unit(support).T).amax(1)

    def distance(met: Meeting, features: Tensor) -> Tensor:
        return -_columns(met, features)[:, 1]

    return [confidence, nearest, distance, familiarity]


def _columns(met: Meeting, features: Tensor) -> Tensor:
    return met.classifier.acquaintance(met.bank).columns(met.classifier.embeddings_of(features))


def familiarity(met: Meeting, features: Tensor) -> Tensor:
    """Return the familiarity of features (n, ...) with the classes of an episode, (n,)."""
    card = met.classifier.card
    weights = torch.tensor(card.familiarity["weights"]) if card else torch.zeros(7)
    return (_columns(met, features) @ weights).sigmoid()


@torch.no_grad()
def _cell(score: Score, met: list[Meeting], elsewhere: Tensor | None) -> str:
    """Average the AUROC over episodes, with its interval."""
    areas = torch.tensor(
        [
            auroc(score(one, one.known.images), score(one, one.strangers if elsewhere is None else elsewhere))
            for one in met
        ]
    )
    return f"{areas.mean():.3f} ± {1.96 * areas.std() / math.sqrt(len(areas)):.3f}"


@torch.no_grad()
def _said(card: ModelCard, met: list[Meeting], shots: list[int]) -> list[str]:
    """Count what the answers are called, beside what the card states."""
    point = card.operating_point(shots)
    if point is None:
        raise SystemExit(f"the card of {card.name} says nothing of strangers")
    refusal = point.refusal()
    known, strangers = (
        [_called(card, point, one, part) for one, part in ((one, _part(one, side)) for one in met)] for side in (0, 1)
    )
    right = [(one.classifier.probabilities_of(one.known.images).argmax(1) == one.known.labels).float() for one in met]
    refused, passed = _mean([1 - called[0] for called in known]), _mean([called[0] for called in strangers])
    sure_right = sum((called[1] * r).sum().item() for called, r in zip(known, right, strict=True))
    n_right, n_sure = sum(r.sum().item() for r in right), sum(called[1].sum().item() for called in known)
    return [
        f"{100 * refused:.1f} %",
        f"{100 * refusal.refused:.0f} %",
        f"{100 * passed:.1f} %",
        f"{100 * refusal.passed:.1f} %",
        f"{100 * _mean([called[1] for called in strangers]):.1f} %",
        f"{100 * sure_right / n_right:.1f} %",
        f"{100 * sure_right / max(n_sure, 1):.1f} %",
    ]


def _part(met: Meeting, side: int) -> Tensor:
    return met.strangers if side else met.known.images


def _called(card: ModelCard, point: OperatingPoint, met: Meeting, features: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which answers name a class, and which are called sure, each (n,) of 0 and 1."""
    how_familiar = familiarity(met, features)
    confidence, answer = met.classifier.probabilities_of(features).max(1)
    nearest = met.classifier.nearest_labels(features)
    named = how_familiar >= point.refusal().threshold
    sure = named & (how_familiar >= point.sure_above) & (confidence >= card.not_sure_below) & (nearest == answer)
    return named.float(), sure.float()


def _mean(parts: list[Tensor]) -> float:
    return torch.cat(parts).mean().item()


if __name__ == "__main__":
    main()
