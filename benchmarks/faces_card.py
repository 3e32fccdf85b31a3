"""Calibrate the face chain and write its card: thresholds for stated false-accept rates, and what they do to others.

Half of the people of the LFW subset, chosen by seed, choose the thresholds; the other half measure them. All intervals
are over people: people are drawn anew with replacement, and a pair of two counts as often as the product of their draws
(Fogliato, Patil & Perona, "Confidence intervals for error rates in 1:1 matching tasks", IJCV 2024).

    python -m benchmarks.faces_card --data-root ../shared/data/faces_lfw_subset --out mlcore/faces/card.json
"""

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.faces_pictures import SIDE, FacePictures, in_the_middle, load_pictures, off_middle, to_pixels
from mlcore.faces.alignment import Pixels
from mlcore.faces.card import ChosenThreshold, FaceCard, OperatingPoint, Rate
from mlcore.faces.chain import FaceChain, load_chain
from mlcore.faces.embedding.embedder import EMBEDDING_SIZE, Embeddings
from mlcore.faces.packages import CNN_DETECTOR, LANDMARKS, RECOGNISER
from mlcore.faces.verification.metrics import fold_accuracy, interval, threshold_at
from mlcore.faces.verification.pairs import Pairs, all_pairs, draw_pairs

SEED = 0
OFFERED_FARS = (0.01, 0.001, 0.0001)
N_DRAWS = 2000
N_PAIRS = 3000
THRESHOLDS = np.round(np.arange(0.2, 0.905, 0.01), 2)
LEAST_PAIRS_OF_PEOPLE = 3  # the rule of three: n pairs without one event bound its rate by 3 / n (Hanley, JAMA 1983)
LIMITS = (
    "It cannot tell a living face from a photo, a mask or a video of one: it is no access control.",
    (
        "Not measured by sex, age or origin. It learned from grown-up, well-known people: it mixes up children easily, "
        "and strangers of groups that are rare in such pictures pass more often."
    ),
    "Relatives and look-alikes score like one person; years, beards, glasses, masks and turned heads lower the score.",
    "The figures come from grey press photos of well-known people, sharp and lit: expect more errors of other cameras.",
)


@dataclass(frozen=True)
class Half:
    """Embeddings (n, 128) of pictures in which a face was found, and whose they are (n,)."""

    embeddings: Embeddings
    labels: np.ndarray

    @property
    def n_people(self) -> int:
        return len(np.unique(self.labels))

    def scored(self, pairs: Pairs) -> Any:
        """Score pairs as the chain does: 1 minus the distance."""
        by_cosine = pairs.scored(self.embeddings)
        return dataclasses.replace(by_cosine, scores=1 - np.sqrt(np.maximum(2 - 2 * by_cosine.scores, 0)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Embed every picture, choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds faces_250_grey.zip")
    parser.add_argument("--out", type=Path, required=True, help="the card to write")
    parser.add_argument("--fars", type=float, nargs="+", default=OFFERED_FARS, help="rates to offer, the default first")
    parser.add_argument("--pairs", type=int, default=N_PAIRS, help="of the ten-fold accuracy")
    parser.add_argument("--draws", type=int, default=N_DRAWS, help="of people, for the intervals")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pictures = load_pictures(options.data_root)
    everyone = embed_all(load_chain(), pictures)
    calibrating, testing = split_people(everyone)
    card = measure(
        calibrating,
        testing,
        missed=len(pictures.labels) - len(everyone.labels),
        fars=tuple(options.fars),
        n_pairs=options.pairs,
        n_draws=options.draws,
    )
    options.out.write_text(card.to_json(), encoding="utf-8")
    print(summary(card))


def embed_all(chain: FaceChain, pictures: FacePictures) -> Half:
    """Embed the face in the middle of every picture in which it is found."""
    chips, labels = chips_of(chain, pictures)
    return Half(chain.embed(chips), labels)


def chips_of(chain: FaceChain, pictures: FacePictures) -> tuple[Pixels, np.ndarray]:
    """Align the face in the middle of every picture in which it is found: (n, 150, 150, 3) uint8, whose it is (n,)."""
    chips, labels = [], []
    for picture, label in zip(pictures.pictures, pictures.labels, strict=True):
        pixels = to_pixels(picture)
        if faces := [face for face in chain.detect(pixels) if in_the_middle(face.box, SIDE)]:
            nearest = min(faces, key=lambda face: off_middle(face.box, SIDE))
            chips.append(nearest.chip)
            labels.append(label)
    return np.stack(chips), np.array(labels)


def split_people(everyone: Half) -> tuple[Half, Half]:
    """Return a random half of the people, by a fixed seed, and the others."""
    order = np.random.default_rng(SEED).permutation(np.unique(everyone.labels))
    chosen = np.isin(everyone.labels, order[: len(order) // 2])
    return tuple(Half(everyone.embeddings[rows], everyone.labels[rows]) for rows in (chosen, ~chosen))  # type: ignore


def measure(
    calibrating: Half, testing: Half, *, missed: int, fars: tuple[float, ...], n_pairs: int, n_draws: int
) -> FaceCard:
    """Choose thresholds on some people, and measure on the others what they and all others do."""
    different = calibrating.scored(all_pairs(calibrating.labels)).different
    least = LEAST_PAIRS_OF_PEOPLE / (calibrating.n_people * (calibrating.n_people - 1) / 2)
    chosen = {far: float(threshold_at(different, far)) for far in fars if far >= least}  # type: ignore
    stated = rates(calibrating, np.array(list(chosen.values())), n_draws=n_draws)
    measured = rates(testing, np.array(list(chosen.values())), n_draws=n_draws)
    pairs = testing.scored(all_pairs(testing.labels))
    return FaceCard(
        name="faces",
        detector="dlib's histograms of oriented gradients; where these find none for sure, "
        f"{CNN_DETECTOR.name}; five landmarks by {LANDMARKS.name}",
        embedder=RECOGNISER.card() | {"dimensions": EMBEDDING_SIZE},
        score="1 minus the distance of the two embeddings, each of length 1: 1 is identical, -1 opposite",
        measured_on=f"{testing.n_people} people with {len(testing.labels)} pictures: {len(pairs.same):,} pairs of one "
        f"person and {len(pairs.different):,} of two, from a subset of Labeled Faces in the Wild; thresholds chosen on "
        f"{calibrating.n_people} other people",
        default_far=fars[0],
        offered_fars=fars,
        least_far=round(least, 6),
        thresholds=tuple(
            ChosenThreshold(far, threshold, point.far)
            for (far, threshold), point in zip(chosen.items(), stated, strict=True)
        ),
        points=rates(testing, THRESHOLDS, n_draws=n_draws),
        limits=LIMITS,
        results={
            "pictures_without_face": missed,
            "at_chosen_thresholds": [dataclasses.asdict(point) for point in measured],
            "ten_fold_accuracy": ten_fold_accuracy(testing, n_pairs=n_pairs),
        },
        command="python -m benchmarks.faces_card --data-root DIR --out mlcore/faces/card.json",
        created=datetime.now(UTC).date().isoformat(),
    )


def rates(half: Half, thresholds: np.ndarray, *, n_draws: int) -> tuple[OperatingPoint, ...]:
    """Measure both rates at thresholds over all pairs, with intervals over people."""
    pairs = half.scored(all_pairs(half.labels))
    people, places = np.unique(pairs.people, return_inverse=True)
    first, second = places.reshape(-1, 2).T
    n = len(people)
    cells = first * n + second
    totals = np.bincount(cells, minlength=n * n)
    passed = np.stack([np.bincount(cells[pairs.scores >= t], minlength=n * n) for t in thresholds])
    draws = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=n_draws)
    twice = (draws[:, :, None] * draws[:, None, :]).reshape(n_draws, -1) * ~np.eye(n, dtype=bool).ravel()
    own = np.eye(n, dtype=bool).ravel()
    far = (twice @ passed.T) / (twice @ totals)[:, None]
    frr = 1 - (draws @ passed[:, own].T) / (draws @ totals[own])[:, None]
    points = []
    for index, threshold in enumerate(thresholds):
        among_two = passed[index, ~own].sum() / totals[~own].sum()
        among_one = 1 - passed[index, own].sum() / totals[own].sum()
        points.append(
            OperatingPoint(
                float(threshold),
                _rate(among_two, far[:, index], n * (n - 1) / 2),
                _rate(among_one, frr[:, index], n),
            )
        )
    return tuple(points)


def _rate(value: float, draws: np.ndarray, units: float) -> Rate:
    """Return a rate with its interval; where nothing was seen, the rule of three says how much it may still be."""
    low, high = np.percentile(draws, [2.5, 97.5])
    if value == 0:
        high = LEAST_PAIRS_OF_PEOPLE / units
    return Rate(*(round(float(share), 6) for share in (value, low, high)))


def ten_fold_accuracy(half: Half, *, n_pairs: int) -> dict[str, Any]:
    """Measure the accuracy at the best threshold of the other folds, on pairs with every person as often as any."""
    pairs = half.scored(
        draw_pairs(half.labels, n_same=n_pairs // 2, n_different=n_pairs // 2, seed=SEED, n_folds=10, disjoint=False)
    )
    folds = fold_accuracy(pairs)
    low, high = interval(pairs, lambda drawn: float(fold_accuracy(drawn).mean())) or (0.0, 1.0)
    return {
        "pairs": n_pairs,
        "accuracy": round(float(folds.mean()), 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }


def summary(card: FaceCard) -> str:
    """Return in Markdown what the card holds."""
    rows = ["| stated FAR | threshold | its interval | FAR of others | FRR of others |", "|---|---|---|---|---|"]
    for threshold, point in zip(card.thresholds, card.results["at_chosen_thresholds"], strict=True):
        far, frr = Rate(**point["far"]), Rate(**point["frr"])
        chosen = f"{threshold.far:g} | {threshold.threshold:.4f} | {_span(threshold.stated)}"
        rows.append(f"| {chosen} | {_cell(far)} | {_cell(frr)} |")
    ten_fold = card.results["ten_fold_accuracy"]
    rows.append(
        f"\nTen-fold accuracy on {ten_fold['pairs']} pairs: {100 * ten_fold['accuracy']:.2f} % "
        f"({100 * ten_fold['low']:.2f} to {100 * ten_fold['high']:.2f}); no face in "
        f"{card.results['pictures_without_face']} pictures; least measurable FAR {card.least_far}"
    )
    return "\n".join(rows)


def _span(rate: Rate) -> str:
    return f"{100 * rate.low:.2f} to {100 * rate.high:.2f} %"


def _cell(rate: Rate) -> str:
    return f"{100 * rate.value:.2f} % ({_span(rate)})"


if __name__ == "__main__":
    main()
