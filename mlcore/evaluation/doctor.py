"""Look a support set over: pictures in the wrong class, pictures twice, odd pictures, classes too alike to tell.

A wrong label is found by what the support set would be without it: each picture is asked about by the means of all the
others (leave one out), and where one is moved to the class that it looks like, the answers to all of them become
likelier. By how much, in nats, is its doubt. A wrong picture spoils the mean of the class that it lies in, which the
doubt counts too. Northcutt, Jiang & Chuang, "Confident learning" (JAIR 2021), ask a trained network alike; here a
handful of pictures has to do, and what is usual among sound support sets, `Norms`, says what counts as doubt.

    findings = examine(LabeledSet(embeddings, labels), norms, digests=digests, drawn=drawn, looks=Looks.of(images))
    findings[0].kind, findings[0].places, findings[0].labels    # "mislabelled", (7,), (1, 4)

How often a planted mistake is named first, and how often a sound set is doubted: `python -m benchmarks.doctor`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mlcore.data.episode import LabeledSet
from mlcore.evaluation.looks import COLOURFUL, GREY, Looks
from mlcore.evaluation.next_picture import spread_of
from mlcore.evaluation.norms import Norms

MISLABELLED, COPY, TWINS, DRAWN, PHOTO, GREY_ONE, BLURRED, ALIKE = (
    "mislabelled",
    "copy",
    "twins",
    "drawn",
    "photo",
    "grey",
    "blurred",
    "alike",
)
KINDS = (MISLABELLED, COPY, TWINS, DRAWN, PHOTO, GREY_ONE, BLURRED, ALIKE)
"""A label that is likely wrong, the very same picture twice, the same scene twice; odd ones out, which are a drawing
among photos, a photo among drawings, grey among colours, blurred among sharp ones; two classes that are too alike."""

CANDIDATES = 8
"""Pictures that are tried in another class, those that look least like their own."""
AT_MOST = 5
"""Findings of a kind: what a person mends at a time."""
COMPARED = 4000
"""Pictures that are compared each with each; of more, the very same are found alone."""
ODD_SHARE = 0.2
"""Of a support set, that is odd at most: more are no accident."""
LEAST_OTHERS = 4
"""Pictures that something is odd among at least."""


@dataclass(frozen=True)
class Finding:
    """What is found of a support set.

    kind: one of KINDS. score: by how many times it passes what is usual, 1 or more; for twins, copies and alike classes
    the cosine, 1, and the share of pictures that is expected to be taken for the other class.
    places: the pictures, rows of the support set. labels: the classes; of a wrong label where it lies, then where it
    belongs; else one for each place, or the two that are alike.
    """

    kind: str
    score: float
    places: tuple[int, ...]
    labels: tuple[int, ...]


def examine(
    support: LabeledSet,
    norms: Norms,
    *,
    digests: Sequence[str] = (),
    drawn: Sequence[bool] = (),
    looks: Looks | None = None,
) -> list[Finding]:
    """Return what is wrong with a support set, what matters most first; nothing for a sound one.

    support: embeddings (n, ...) that `FewShotMethod.features` gave of the checkpoint that the norms are of. digests: of
    the pixels of each picture. drawn: whether each shows ink on plain paper. What is left out is not looked at.
    """
    copies = [*_copies(support, digests)]
    known = {finding.places for finding in copies}
    twins = [finding for finding in _twins(support, norms) if finding.places not in known]
    odd = [*_drawn(support, drawn), *(() if looks is None else _odd_looks(support, norms, looks))]
    wrong = mislabelled(support, norms)
    return [*wrong, *copies[:AT_MOST], *twins[:AT_MOST], *odd, *_alike(mended(support, wrong), norms)]


def mended(support: LabeledSet, findings: Sequence[Finding]) -> LabeledSet:
    """Return a support set with its wrong labels set right, by which its classes are judged."""
    labels = support.labels.clone()
    for finding in findings:
        if finding.kind == MISLABELLED:
            labels[list(finding.places)] = finding.labels[1]
    return LabeledSet(support.images, labels)


def mislabelled(support: LabeledSet, norms: Norms) -> list[Finding]:
    """Return the pictures that likely lie in the wrong class, the likeliest first, each as if those before were moved.

    A picture that is alone in its class is never named, for nothing tells what else the class should look like.
    """
    labels, findings = support.labels.clone(), list[Finding]()
    settled = set((support.shots[labels] == 1).nonzero()[:, 0].tolist())
    for _ in range(min(AT_MOST, len(labels) // 5) if support.n_way > 1 else 0):
        finding = most_doubted(LabeledSet(support.images, labels), norms, besides=settled)
        if finding is None or finding.score <= 1:
            break
        findings.append(finding)
        [place] = finding.places
        labels[place] = finding.labels[1]
        settled.add(place)
    return findings


def most_doubted(support: LabeledSet, norms: Norms, *, besides: Collection[int] = ()) -> Finding | None:
    """Return the picture whose label is doubted most, be it as little as is usual; None where none is at all.

    besides: pictures that are not doubted. What is usual depends on how many pictures the class of each has.
    """
    asked = _LeftOut.of(support.images.flatten(1).double(), support.labels)
    own = asked.distances.gather(1, asked.labels.unsqueeze(1))
    others = asked.distances.scatter(1, asked.labels.unsqueeze(1), torch.inf)
    nearest, elsewhere = others.min(1)
    farther = (own[:, 0] - nearest).masked_fill(asked.alone, -torch.inf)
    farther[list(besides)] = -torch.inf
    doubts = []
    for place in farther.topk(min(CANDIDATES, len(farther))).indices.tolist():
        label, instead = int(asked.labels[place]), int(elsewhere[place])
        usual = norms.usual_doubt(support.n_way, int(asked.shots[label]))
        if farther[place] > -torch.inf:
            score = asked.gain(place, instead, norms.scale) / usual
            doubts.append(Finding(MISLABELLED, score, (place,), (label, instead)))
    worst = max(doubts, key=lambda finding: finding.score, default=None)
    return worst if worst and worst.score > 0 else None


def left_out_distances(support: LabeledSet) -> Tensor:
    """Return the squared distance of each picture from each class's mean without it: (n, n_way) float64.

    That from a class in which it is alone is 0, and says nothing.
    """
    return _LeftOut.of(support.images.flatten(1).double(), support.labels).distances


@dataclass(frozen=True)
class _LeftOut:
    """Squared distances (n, n_way) of embeddings (n, d) from the means of classes, of which each is left out; float64.

    alone: (n,) bool, the pictures whose class has no others; their own distance says nothing.
    """

    embeddings: Tensor
    labels: Tensor
    sums: Tensor
    shots: Tensor
    distances: Tensor

    @classmethod
    def of(cls, embeddings: Tensor, labels: Tensor) -> "_LeftOut":
        shots = torch.bincount(labels)
        sums = embeddings.new_zeros(len(shots), embeddings.shape[1]).index_add(0, labels, embeddings)
        distances = torch.cdist(embeddings, sums / shots.unsqueeze(1)) ** 2
        own = labels.unsqueeze(1)
        distances.scatter_(1, own, distances.gather(1, own) * _without_itself(shots)[labels].unsqueeze(1))
        return cls(embeddings, labels, sums, shots, distances)

    @property
    def alone(self) -> Tensor:
        return self.shots[self.labels] == 1

    def gain(self, place: int, label: int, scale: float) -> float:
        """Return how much likelier all pictures are, in nats, once one is in another class."""
        labels, shots = self.labels.clone(), self.shots.clone()
        before = int(labels[place])
        labels[place] = label
        distances = self.distances.clone()
        for changed, sign in ((before, -1), (label, 1)):
            shots[changed] += sign
            mean = (self.sums[changed] + sign * self.embeddings[place]) / shots[changed]
            column = torch.cdist(self.embeddings, mean.unsqueeze(0))[:, 0] ** 2
            distances[:, changed] = torch.where(labels == changed, column * _without_itself(shots)[changed], column)
        counted = ~self.alone & (shots[labels] > 1)
        return float((_nats(self.distances, self.labels, scale) - _nats(distances, labels, scale))[counted].sum())


def _without_itself(shots: Tensor) -> Tensor:
    """Return by how much farther, squared, a picture lies from the mean of the others of its class than of all."""
    return (shots / (shots - 1).clamp(min=1)) ** 2


def _nats(distances: Tensor, labels: Tensor, scale: float) -> Tensor:
    """Return minus the log-likelihood of each label, (n,), by a softmax over distances (n, n_way)."""
    return functional.cross_entropy(-scale * distances, labels, reduction="none")


def _copies(support: LabeledSet, digests: Sequence[str]) -> Iterator[Finding]:
    """Find the very same pixels twice, those of two classes first."""
    first: dict[str, int] = {}
    labels = support.labels.tolist()
    pairs = [(first.setdefault(digest, place), place) for place, digest in enumerate(digests)]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    for pair in sorted(pairs, key=lambda pair: labels[pair[0]] == labels[pair[1]]):
        yield Finding(COPY, 1.0, pair, tuple(labels[place] for place in pair))


def _twins(support: LabeledSet, norms: Norms) -> Iterator[Finding]:
    """Find pictures of the same scene, those of two classes first, then the most alike."""
    if len(support.labels) > COMPARED:
        return
    unit, labels = functional.normalize(support.images.flatten(1), dim=1), support.labels.tolist()
    cosines = (unit @ unit.T).triu(1)
    pairs = (cosines >= norms.twin).nonzero().tolist()
    for one, other in sorted(pairs, key=lambda pair: (labels[pair[0]] == labels[pair[1]], -float(cosines[*pair]))):
        yield Finding(TWINS, min(float(cosines[one, other]), 1.0), (one, other), (labels[one], labels[other]))


def _drawn(support: LabeledSet, drawn: Sequence[bool]) -> Iterator[Finding]:
    """Find drawings among photos, or photos among drawings."""
    flags = torch.tensor(drawn, dtype=torch.bool)
    yield from _odd(support, flags, ~flags, DRAWN)
    yield from _odd(support, ~flags, flags, PHOTO)


def _odd_looks(support: LabeledSet, norms: Norms, looks: Looks) -> Iterator[Finding]:
    """Find what is grey among colours, or blurred among sharp pictures."""
    yield from _odd(support, looks.colour < GREY, looks.colour > COLOURFUL, GREY_ONE)
    sharpness = looks.sharpness
    usual = sharpness.median() * norms.blurred
    yield from _odd(support, sharpness < usual, sharpness >= usual, BLURRED, lambda place: usual / sharpness[place])


def _odd(
    support: LabeledSet,
    odd: Tensor,
    plain: Tensor,
    kind: str,
    score: Callable[[int], Tensor | float] = lambda _place: 1.0,
) -> Iterator[Finding]:
    """Yield the odd ones of few among many plain ones, the oddest first; (n,) bool each."""
    n_odd, n_plain = int(odd.sum()), int(plain.sum())
    if n_plain < LEAST_OTHERS or n_odd > ODD_SHARE * (n_odd + n_plain):
        return
    scored = sorted(((float(score(place)), place) for place in odd.nonzero()[:, 0].tolist()), reverse=True)
    for passed, place in scored[:AT_MOST]:
        yield Finding(kind, passed, (place,), (int(support.labels[place]),))


def _alike(support: LabeledSet, norms: Norms) -> Iterator[Finding]:
    """Find pairs of classes that too many pictures are expected to be taken from one for the other."""
    spread = spread_of(support, norms)
    confusion = spread.confusion(spread.shots)
    mutual = ((confusion + confusion.T) / 2).triu(1)
    pairs = (mutual >= norms.alike).nonzero().tolist()
    for one, other in sorted(pairs, key=lambda pair: -float(mutual[*pair]))[:AT_MOST]:
        yield Finding(ALIKE, float(mutual[one, other]), (), (one, other))
