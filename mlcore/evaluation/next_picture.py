"""What to add next: the class whose next pictures would help most, and why.

How often two classes are taken for each other is expected from three things: the distance between their means, the
scatter of their pictures, and how far the mean of so few pictures strays. Pictures are taken to lie around their
class's mean as a normal distribution, as in Mensink et al., "Distance-based image classification" (PAMI 2013), which
few pictures cannot refute; what they cannot tell comes from `Norms`. More pictures keep a mean from straying, and the
class is named where that is expected to save the most mistakes.

    need = what_to_add(LabeledSet(embeddings, labels), norms)
    need.label, need.reason, need.close_to    # 2, "close", 4

Whether it is so is measured by `python -m benchmarks.doctor`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.evaluation.norms import Norms
from mlcore.methods.prototypical import class_means

MORE = 2
"""Pictures that are thought to be added."""
FROM_KIND = 10.0
"""How many pictures the usual scatter of the kind counts for beside the support set's own."""
FROM_SET = 2.0
"""How many pictures the scatter of all classes counts for beside a class's own."""
ACROSS = 10.0
"""How many times more pictures differ in the direction of another class than in the mean of all directions."""
LEAST_APART = 0.05
"""Of the scatter, the squared distance that is left between any two classes."""
SCATTERED = 1.25
"""How many times the usual scatter a class has, for that to be the reason."""


@dataclass(frozen=True)
class Need:
    """The class to add to; label and close_to are places among the classes.

    reason: "few" pictures, fewer than the other classes; "scattered" ones, that differ more than those of others; or
    "close" to the class close_to, which it is taken for. gain: the share, 0 to 1, of mistakes expected to be saved.
    """

    label: int
    reason: str
    close_to: int
    gain: float


@dataclass(frozen=True)
class Spread:
    """How classes lie, float64: apart (n_way, n_way) squared distances, less what chance adds; scatter, shots (n_way,).

    directions: as of `Norms`.
    """

    apart: Tensor
    scatter: Tensor
    shots: Tensor
    directions: float

    def confusion(self, shots: Tensor) -> Tensor:
        """Return the share, 0 to 1, of pictures of each class expected to be taken for each other one, with so many.

        (n_way,) pictures a class -> (n_way, n_way); rows are what they are; the diagonal is 0.
        """
        own, other = self.scatter.unsqueeze(1), self.scatter.unsqueeze(0)
        strays = own * (own / shots.unsqueeze(1) + other / shots.unsqueeze(0)) / self.directions
        spread = (4 * (ACROSS * self.apart * own / self.directions + strays)).clamp(min=1e-30).sqrt()
        share: Tensor = torch.special.ndtr(-self.apart / spread)
        return share.fill_diagonal_(0)


def spread_of(support: LabeledSet, norms: Norms) -> Spread:
    """Measure how the classes of embeddings (n, ...) lie; what they are too few to tell is what is usual."""
    embeddings, labels = support.images.flatten(1).double(), support.labels
    shots, means = support.shots.double(), class_means(embeddings, labels)
    squares = ((embeddings - means[labels]) ** 2).sum(1)
    sums = torch.zeros_like(shots).index_add(0, labels, squares)
    shared = (FROM_KIND * norms.scatter + sums.sum()) / (FROM_KIND + (shots - 1).sum())
    scatter = (FROM_SET * shared + sums) / (FROM_SET + shots - 1)
    chance = scatter / shots
    apart = torch.cdist(means, means) ** 2 - chance.unsqueeze(0) - chance.unsqueeze(1)
    return Spread(apart.clamp(min=LEAST_APART * float(shared)), scatter, shots, norms.directions)


def what_to_add(support: LabeledSet, norms: Norms) -> Need | None:
    """Return the class whose next pictures are expected to help most.

    support: embeddings (n, ...) that `FewShotMethod.features` of the norms' checkpoint gave, with labels. None where
    nobody can know: with one class, or with one picture in each, when every class needs a second one.
    """
    if support.n_way < 2 or len(support.labels) == support.n_way:
        return None
    spread = spread_of(support, norms)
    gains = gains_of(spread)
    label = int(gains.argmax())
    confusion = spread.confusion(spread.shots)
    close_to = int((confusion[label] + confusion[:, label]).argmax())
    gain = float(gains[label] / confusion.sum().clamp(min=1e-12))
    return Need(label, _reason(spread, label), close_to, max(gain, 0.0))


def gains_of(spread: Spread) -> Tensor:
    """Return how much confusion `MORE` pictures of each class are expected to save, (n_way,)."""
    before = spread.confusion(spread.shots).sum()
    more = MORE * torch.eye(len(spread.shots), dtype=spread.shots.dtype, device=spread.shots.device)
    return torch.stack([before - spread.confusion(spread.shots + extra).sum() for extra in more])


def _reason(spread: Spread, label: int) -> str:
    """Return why a class needs pictures: the first that sets it apart from the others."""
    if spread.shots[label] * 1.5 <= spread.shots.median() or spread.shots[label] < spread.shots.mean() - 0.5:
        return "few"
    if spread.scatter[label] >= SCATTERED * spread.scatter.mean():
        return "scattered"
    return "close"
