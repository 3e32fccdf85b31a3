"""What is usual for a kind of pictures, measured on classes that choose; and what else the doctor finds, in tables."""

import math
import sys

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.doctor_sets import Part, SupportSets, features_of
from mlcore.data.images import find_transform
from mlcore.evaluation.calibration import best_temperature
from mlcore.evaluation.doctor import left_out_distances, most_doubted
from mlcore.evaluation.looks import Looks
from mlcore.evaluation.next_picture import spread_of
from mlcore.evaluation.norms import Norms
from mlcore.methods.base import FewShotMethod

SEED = 51
SOUND = 0.985
"""The share of sound support sets that are not doubted: more than 19 in 20, for other classes differ."""
LEFT_ALONE = 0.96
"""The share of 5-way 5-shot support sets without twins, and without blur."""
WAYS, SHOTS = (2, 3, 5, 10, 20), (2, 3, 5, 8)
LEAST_DOUBT = 0.5
"""Nats below which nothing is doubted, however sound support sets of a size are."""
CONFUSED = 0.1
"""The share of pictures that is taken for the other class, on average, of pairs that are too alike."""
N_SPOILT = 60
"""Pictures that are spoilt, to see whether that is found."""
STEPS = torch.linspace(0.02, 0.48, 24, dtype=torch.float64)


def measure(method: FewShotMethod, part: Part, *, n_sets: int) -> Norms:
    """Measure all of it."""
    card = method.card
    if card is None:
        raise TypeError("a method that was not loaded from a checkpoint has no card")
    scatter, directions = _scatter(part)
    command = f"python -m benchmarks.doctor --measure --kind {part.kind} --data-root DIR --episodes {n_sets}"
    norms = Norms(
        checkpoint=card.name,
        backbone=card.config["backbone"],
        digest=card.digest,
        scatter=scatter,
        directions=directions,
        scale=_scale(part, n_sets),
        doubt=(0.0, 0.0, 0.0),
        twin=2.0,
        alike=1.0,
        blurred=_blurred(part, n_sets),
        measured_on=f"{len(part.classes)} classes of {part.name}",
        command=command,
    )
    doubted = {**norms.__dict__, "doubt": _doubt(part, norms, n_sets), "twin": _twin(part, n_sets)}
    return Norms(**{**doubted, "alike": _alike(method, part, Norms(**doubted), n_sets)})


def print_others(method: FewShotMethod, part: Part, norms: Norms, *, n_sets: int) -> None:
    """Print how often pictures that were spoilt are found, and sound ones taken for such; and alike classes."""
    sets = list(SupportSets(part, 5, 5, 5, seed=SEED + 1).draw(n_sets)) if part.holds(5, 5) else []
    print("\n| found | of those that are % | 5-way 5-shot sets with a false alarm % |\n|---|---|---|")
    rows = torch.cat(part.classes)
    rows = rows[:: max(len(rows) // N_SPOILT, 1)]
    again = functional.normalize(features_of(method, part.kind, _seen_again(part.images[rows])), dim=1)
    cosines = (again * functional.normalize(part.features[rows], dim=1)).sum(1)
    alarms = [_closest(drawn.support.images) >= norms.twin for drawn in sets]
    print(f"| the same scene again: cut, shifted, brighter | {_percent(cosines >= norms.twin)} | {_percent(alarms)} |")
    if part.kind == "photos":
        sharp = _sharpness(part, part.images)
        soft = _sharpness(part, _blurred_images(part.images[rows]))
        usual = sharp[torch.cat(part.classes)].median() * norms.blurred
        alarms = [(sharp[drawn.rows] < sharp[drawn.rows].median() * norms.blurred).any() for drawn in sets]
        print(f"| blurred: a Gaussian of 2 % of the side | {_percent(soft < usual)} | {_percent(alarms)} |")
    _print_alike(method, part, norms, n_sets)


def _print_alike(method: FewShotMethod, part: Part, norms: Norms, n_sets: int) -> None:
    print("\n| two classes | pairs % | taken for each other % |\n|---|---|---|")
    for shots in (2, 5):
        if not part.holds(5, shots):
            continue
        expected, true = _confusions(method, part, norms, n_sets, shots)
        alike = expected >= norms.alike
        for words, pairs in ((f"too alike, {shots} each", alike), (f"the others, {shots} each", ~alike)):
            share = f"{100 * true[pairs].mean():.1f}" if pairs.any() else "none"
            print(f"| {words} | {100 * pairs.double().mean():.1f} | {share} |", flush=True)


def _scatter(part: Part) -> tuple[float, float]:
    """Return the mean scatter of a class, and in how many directions: S^2 / tr(Sigma^2)."""
    by_class = [part.features[rows].double() for rows in part.classes]
    scatter = torch.stack([features.var(0).sum() for features in by_class]).mean()
    residuals = torch.cat([features - features.mean(0) for features in by_class])
    covariance = residuals.T @ residuals / (len(residuals) - len(by_class))
    return float(scatter), float(covariance.trace() ** 2 / (covariance**2).sum())


def _scale(part: Part, n_sets: int) -> float:
    """Fit what distances are multiplied with, over pictures that were left out of 5-way 5-shot sets."""
    n_way = min(5, len(part.classes))
    sets = list(SupportSets(part, n_way, 5, 5, seed=SEED).draw(n_sets))
    logits = torch.cat([-left_out_distances(drawn.support) for drawn in sets])
    typical = logits.abs().mean()
    return best_temperature(logits / typical, torch.cat([drawn.support.labels for drawn in sets])) / float(typical)


def _doubt(part: Part, norms: Norms, n_sets: int) -> tuple[float, float, float]:
    """Fit the doubt that sound support sets stay below, as a power of their ways and shots; norms' own is 1 nat."""
    rows, logs = [], []
    for n_way in WAYS:
        for shots in SHOTS:
            if part.holds(n_way, shots):
                sets = SupportSets(part, n_way, shots, shots, seed=SEED).draw(n_sets)
                doubted = (most_doubted(drawn.support, norms) for drawn in sets)
                doubts = torch.tensor([finding.score if finding else 0.0 for finding in doubted])
                rows.append([1.0, math.log(n_way), math.log(shots)])
                logs.append(math.log(max(float(doubts.quantile(SOUND)), LEAST_DOUBT)))
                print(f"sound, {n_way}-way {shots}-shot: {math.exp(logs[-1]):.3f} nats", file=sys.stderr, flush=True)
    fitted = torch.linalg.lstsq(torch.tensor(rows), torch.tensor(logs).unsqueeze(1)).solution[:, 0].tolist()
    return fitted[0], fitted[1], fitted[2]


def _twin(part: Part, n_sets: int) -> float:
    """Return the cosine that pictures of sound 5-way 5-shot sets stay below."""
    sets = SupportSets(part, min(5, len(part.classes)), 5, 5, seed=SEED).draw(n_sets)
    return float(torch.stack([_closest(drawn.support.images) for drawn in sets]).quantile(LEFT_ALONE))


def _closest(features: Tensor) -> Tensor:
    unit = functional.normalize(features, dim=1)
    return (unit @ unit.T).triu(1).max()


def _seen_again(images: Tensor) -> Tensor:
    """Take pictures (n, C, H, W) once more: a tenth cut off, shifted, and a little brighter."""
    side = images.shape[-1]
    margin = side // 20
    cut = images[..., margin : side - margin // 2, margin // 2 : side - margin].float()
    whole = functional.interpolate(cut, size=images.shape[-2:], mode="bilinear", antialias=True)
    return (whole * 1.1).clamp(0, 255).round().to(torch.uint8)


def _blurred(part: Part, n_sets: int) -> float:
    """Return the share of the median sharpness that the least sharp of sound sets stay above; 0 for drawings."""
    if part.kind != "photos":
        return 0.0
    sharp = _sharpness(part, part.images)
    sets = SupportSets(part, min(5, len(part.classes)), 5, 5, seed=SEED).draw(n_sets)
    ratios = [sharp[drawn.rows].min() / sharp[drawn.rows].median() for drawn in sets]
    return float(torch.stack(ratios).quantile(1 - LEFT_ALONE))


def _sharpness(part: Part, images: Tensor) -> Tensor:
    transform = find_transform(part.kind)
    return torch.cat([Looks.of(transform.apply(chunk)).sharpness for chunk in images.split(32)])


def _blurred_images(images: Tensor) -> Tensor:
    sigma = 0.02 * images.shape[-1]
    reach = math.ceil(3 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, 1, -1)
    padded = functional.pad(images.float(), (reach,) * 4, mode="reflect")
    wide = functional.conv2d(padded, kernel, groups=images.shape[1])
    return functional.conv2d(wide, kernel.transpose(2, 3), groups=images.shape[1]).round().to(torch.uint8)


def _alike(method: FewShotMethod, part: Part, norms: Norms, n_sets: int) -> float:
    """Return the least expected confusion from which pairs are confused as much as `CONFUSED`, on average."""
    expected, true = _confusions(method, part, norms, n_sets, 2)
    bounds = [float(step) for step in STEPS if (expected >= step).any() and true[expected >= step].mean() >= CONFUSED]
    return bounds[0] if bounds else float(STEPS[-1])


def _confusions(method: FewShotMethod, part: Part, norms: Norms, n_sets: int, shots: int) -> tuple[Tensor, Tensor]:
    """Return the confusion that is expected of each pair, and the share of queries that were: (n_pairs,) each."""
    expected, true = [], []
    n_way = min(5, len(part.classes))
    for drawn in SupportSets(part, n_way, shots, shots, seed=SEED + 2).draw(n_sets):
        spread = spread_of(drawn.support, norms)
        answers = method.adapt_features(drawn.support).logits_of(drawn.query.flatten(0, 1)).argmax(1)
        shares = functional.one_hot(answers, n_way).double().reshape(n_way, -1, n_way).mean(1)
        for confusion, kept in ((spread.confusion(spread.shots), expected), (shares, true)):
            mutual = (confusion + confusion.T) / 2
            kept.append(mutual[tuple(torch.triu_indices(n_way, n_way, 1))])
    return torch.cat(expected), torch.cat(true)


def _percent(flags: Tensor | list[Tensor]) -> str:
    share = float(torch.as_tensor(flags).double().mean()) if len(flags) else math.nan
    return f"{100 * share:.1f}"
