"""Evaluation by each query alone, and by the statistics of a whole query batch."""

import copy
from collections.abc import Sequence

import pytest
import torch
from torch.nn import functional

from mlcore.config import BackboneConfig, EpisodeConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.episode import EpisodeSampler, LabeledSet
from mlcore.data.images import find_transform
from mlcore.errors import AdaptationError
from mlcore.evaluation.episodes import Evaluation, accuracy_by_group, compute_inputs, difference, evaluate, featurise
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.methods.base import Classifier, FewShotMethod, Watch, unwatched

EPISODES = EpisodeConfig(n_way=4, k_shot=2, n_query=3)


def small_method() -> FewShotMethod:
    torch.manual_seed(0)
    method = build_method("prototypical", PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=6)))
    return method.eval().requires_grad_(False)


def test_transductive_figures_normalise_support_and_query_by_their_own_batch() -> None:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    inputs = compute_inputs(method, dataset.images, find_transform("characters"))
    before = copy.deepcopy(method.state_dict())
    sampler = EpisodeSampler(dataset, EPISODES, seed=1)
    found = evaluate(method, inputs, sampler, n_episodes=1, transductive=True)

    episode = next(EpisodeSampler(dataset, EPISODES, seed=1).draw(1).gather(inputs).episodes())
    by_hand = copy.deepcopy(method).train()
    support, query = by_hand.encode(episode.support.images), by_hand.encode(episode.query.images)
    prototypes = torch.stack([support[episode.support.labels == label].mean(0) for label in range(4)])
    right = torch.cdist(query, prototypes).argmin(1) == episode.query.labels
    assert found.accuracy == right.float().mean().item()
    running = [name for name in before if "running" in name]
    assert running
    assert all(torch.equal(method.state_dict()[name], before[name]) for name in running)
    assert not any(module.training for module in method.modules())


def test_inductive_figures_are_those_of_every_query_alone() -> None:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    inputs = compute_inputs(method, dataset.images, find_transform("characters"))
    features = featurise(method, inputs)
    found = evaluate(method, features, EpisodeSampler(dataset, EPISODES, seed=1), n_episodes=3)
    nll = []
    for episode in EpisodeSampler(dataset, EPISODES, seed=1).draw(3).gather(inputs).episodes():
        support = LabeledSet(method.encode(episode.support.images), episode.support.labels)
        classifier = method.adapt_features(support)
        alone = torch.cat([classifier.logits_of(method.encode(one)) for one in episode.query.images.split(1)])
        nll.append(functional.cross_entropy(alone, episode.query.labels))
    torch.testing.assert_close(torch.tensor(found.nll), torch.stack(nll).mean(), atol=1e-4, rtol=0)


def found(*accuracies: float, classes: Sequence[int] = ()) -> Evaluation:
    of_episode = torch.tensor(classes, dtype=torch.int64).unsqueeze(1)
    return Evaluation(0.0, 0.0, 0.0, 0.0, len(accuracies), 0, torch.tensor(accuracies, dtype=torch.float64), of_episode)


def test_a_difference_is_paired_over_the_episodes_that_both_had() -> None:
    mean, half = difference(found(0.9, 0.8, 1.0), found(0.7, 0.8, 0.9, 0.0, 0.0))
    assert mean == pytest.approx(0.1)
    assert half == pytest.approx(1.96 * 0.1 / 3**0.5)


def test_the_accuracy_of_a_group_is_that_of_its_own_episodes_turned_ones_too() -> None:
    groups = torch.tensor([5, 5, 7])
    evaluation = found(1.0, 0.5, 0.2, 0.3, classes=[0, 1, 2, 5])  # class 5 is class 2, turned
    assert accuracy_by_group(evaluation, groups) == {5: 0.75, 7: 0.25}


def test_an_episode_that_does_not_settle_counts_as_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    features = featurise(method, compute_inputs(method, dataset.images, find_transform("characters")))
    whole = evaluate(method, features, EpisodeSampler(dataset, EPISODES, seed=1), n_episodes=6)
    adapt, turn = method.adapt_features, iter(range(6))

    def now_and_then(support: LabeledSet, watch: Watch = unwatched) -> Classifier:
        if next(turn) % 3 == 1:
            raise AdaptationError("learning did not settle")
        return adapt(support, watch)

    monkeypatch.setattr(method, "adapt_features", now_and_then)
    found = evaluate(method, features, EpisodeSampler(dataset, EPISODES, seed=1), n_episodes=6)
    assert (whole.n_diverged, found.n_diverged) == (0, 2)
    expected = [*whole.episode_accuracy.tolist()]
    expected[1] = expected[4] = 1 / EPISODES.n_way
    assert found.episode_accuracy.tolist() == pytest.approx(expected)
