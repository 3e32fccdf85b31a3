"""Leave one out: how well a support set teaches, measured on its own pictures, without a single further one.

Each picture in turn is left out, a classifier learns from all the others, and is asked about it. The answers tell how
often new pictures of the same sort will be right, which of two checkpoints suits these pictures better, and which
pictures are not recognised by their own class. Known since Lachenbruch and Mickey, "Estimation of error rates in
discriminant analysis" (Technometrics, 1968).

    features = method.features(images)
    measured = leave_one_out(method, LabeledSet(features, labels))
    measured.n_right, len(measured)    # 28 of 30
    measured.places[~measured.right]   # rows of `features` whose class was not found
    measured.confusion                 # [i, j]: how many of class i were taken for class j

A picture that is alone in its class cannot be left out, since its class would be gone: it is learned from and never
asked about. What comes back may be empty, then.

Where the accuracy itself is asked for, `leave_one_of_each_out` is the fairer and the cheaper way. A picture that is
left out alone finds its class with one picture less than the others have, which draws it to these: with two pictures a
class, a classifier that is right 94 times in 100 seems right 80 times. So one of every class is left out at once, and a
set of k pictures a class costs k adaptations.

    python -m benchmarks.quality --kind photos --data-root DIR
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.methods.base import FewShotMethod
from mlcore.methods.base import Watch as AdaptationWatch
from mlcore.methods.base import unwatched as unwatched_steps

Watch = Callable[[int, int], None]
"""Told before each picture, and again at each inner step: (how many were asked about, how many will be).

It may raise, to stop.
"""


@dataclass(frozen=True)
class LeaveOneOut:
    """What was answered about each picture by a classifier that had not seen it.

    places: (m,) int64, rows of the support set that were asked about, in rising order. labels: (m,) int64, their
    classes. probabilities: (m, n_way), calibrated as those of the method are; rows sum to 1.
    """

    places: Tensor
    labels: Tensor
    probabilities: Tensor

    def __len__(self) -> int:
        return len(self.places)

    @property
    def answers(self) -> Tensor:
        """Return the likeliest class of each, (m,) int64."""
        return self.probabilities.argmax(-1)

    @property
    def right(self) -> Tensor:
        """Tell which were recognised, (m,) bool."""
        return self.answers == self.labels

    @property
    def n_right(self) -> int:
        return int(self.right.sum())

    @property
    def confusion(self) -> Tensor:
        """Count by class, (n_way, n_way) int64: rows are what they are, columns what they were taken for."""
        n_way = self.probabilities.shape[1]
        return torch.bincount(self.labels * n_way + self.answers, minlength=n_way**2).reshape(n_way, n_way)


def unwatched(asked: int, of: int) -> None:
    """Take no notice."""


def _told_again(watch: Watch, asked: int, of: int, step: int, steps: int, loss: float) -> None:
    """Let an inner loop tell the watch of the whole, which may stop it in the middle of a picture."""
    watch(asked, of)


@torch.no_grad()
def leave_one_out(
    method: FewShotMethod, support: LabeledSet, *, at_most: int | None = None, watch: Watch = unwatched
) -> LeaveOneOut:
    """Ask about each picture of a support set a classifier that was adapted to all the others.

    support: features (n, ...) that `FewShotMethod.features` gave, with labels. at_most: how many pictures are asked
    about, the same number of each class as far as they go; each costs one adaptation. Raise AdaptationError if an inner
    loop diverges, and whatever `watch` raises.
    """
    places = _places(support.labels, at_most)
    probabilities = []
    for asked, place in enumerate(places.tolist()):
        watch(asked, len(places))
        inner_watch = partial(_told_again, watch, asked, len(places))
        others = torch.arange(len(support.labels), device=support.labels.device) != place
        classifier = method.adapt_features(LabeledSet(support.images[others], support.labels[others]), inner_watch)
        probabilities.append(classifier.probabilities_of(support.images[place : place + 1]).cpu())
    empty = torch.zeros(0, support.n_way)
    return LeaveOneOut(places, support.labels.cpu()[places], torch.cat([empty, *probabilities]))


@torch.no_grad()
def leave_one_of_each_out(
    method: FewShotMethod, support: LabeledSet, rounds: Iterable[Tensor], *, watch: AdaptationWatch = unwatched_steps
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield for each of `rounds` the places that it left out together, (m,) int64, and their probabilities, (m, n_way).

    support: features (n, ...) that `FewShotMethod.features` gave, with labels. Raise AdaptationError if an inner loop
    diverges, and whatever `watch` raises.
    """
    for places in rounds:
        others = torch.ones(len(support.labels), dtype=torch.bool, device=support.labels.device)
        others[places] = False
        classifier = method.adapt_features(LabeledSet(support.images[others], support.labels[others]), watch)
        yield places, classifier.probabilities_of(support.images[places]).cpu()


def rounds_of(labels: Tensor, *, at_most: int, n_rounds: int) -> list[Tensor]:
    """Deal the pictures that are asked about to rounds, as many of each class to each as go: places (m,) int64, rising.

    labels: (n,) int64. No round leaves out all pictures of a class, nor any of a class of one.
    """
    places = _places(labels, at_most)
    order = _order_in_class(labels)[places]
    n_rounds = min(n_rounds, int(order.max()) + 1) if len(places) else 0
    return [places[order % n_rounds == turn] for turn in range(n_rounds)]


def _places(labels: Tensor, at_most: int | None) -> Tensor:
    """Choose who is asked about: first one of each class of two or more, then the next of each, (m,) int64, rising."""
    labels = labels.cpu()
    order, shots = _order_in_class(labels), torch.bincount(labels)
    candidates = (shots[labels] > 1).nonzero()[:, 0]
    chosen = candidates[order[candidates].argsort(stable=True)][:at_most]
    return chosen.sort().values


def _order_in_class(labels: Tensor) -> Tensor:
    """Number the pictures of each class from 0, (n,) int64."""
    order = torch.zeros_like(labels)
    for label in labels.unique():
        of_class = labels == label
        order[of_class] = torch.arange(int(of_class.sum()))
    return order
