"""Time adaptation to a support set, as a person waits for it: from pictures to a classifier, on one thread."""

import time
from dataclasses import dataclass
from statistics import median

import torch

from benchmarks.exam import Exam
from mlcore.config import EpisodeConfig
from mlcore.data.episode import EpisodeSampler, LabeledSet
from mlcore.methods.base import FewShotMethod

SUPPORT = EpisodeConfig(n_way=5, k_shot=5, n_query=5)


@dataclass(frozen=True)
class Cost:
    """Medians of an adaptation. seconds: of processor time; after_inputs: those of them after what is frozen."""

    seconds: float
    after_inputs: float
    steps: float


@torch.no_grad()
def time_adapting(method: FewShotMethod, exam: Exam, *, repeats: int) -> Cost:
    """Adapt to some 5-way 5-shot sets, after one that does not count."""
    batch = EpisodeSampler(exam.dataset, SUPPORT, seed=exam.seed).draw(repeats + 1)
    labels = torch.arange(SUPPORT.n_way).repeat_interleave(SUPPORT.k_shot)
    times = [
        _time(method, LabeledSet(exam.transform.apply(exam.dataset.images[rows]), labels)) for rows in batch.support
    ]
    return Cost(*(median(column) for column in zip(*times[1:], strict=True)))


def _time(method: FewShotMethod, support: LabeledSet) -> tuple[float, float, float]:
    start = time.process_time()
    inputs = method.inputs(support.images)
    between = time.process_time()
    classifier = method.adapt_features(LabeledSet(method.features_of(inputs), support.labels))
    end = time.process_time()
    return end - start, end - between, classifier.adaptation.steps
