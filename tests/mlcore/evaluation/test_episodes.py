"""Evaluation by each query alone, and by the statistics of a whole query batch."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from mlcore.config import BackboneConfig, EpisodeConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.episode import EpisodeSampler, LabeledSet
from mlcore.data.images import find_transform
from mlcore.errors import AdaptationError, DatasetError
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

    (index,) = EpisodeSampler(dataset, EPISODES, seed=1).batches(1, size=1)
    episode = next(index.gather(inputs).episodes())
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
    (index,) = EpisodeSampler(dataset, EPISODES, seed=1).batches(3, size=3)
    for episode in index.gather(inputs).episodes():
        support = LabeledSet(method.encode(episode.support.images), episode.support.labels)
        classifier = method.adapt_features(support)
        alone = torch.cat([classifier.logits_of(method.encode(one)) for one in episode.query.images.split(1)])
        nll.append(functional.cross_entropy(alone, episode.query.labels))
    torch.testing.assert_close(torch.tensor(found.nll), torch.stack(nll).mean(), atol=1e-4, rtol=0)


def measure(n_episodes: int, batch: int, *, n_rotations: int = 1) -> Evaluation:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    inputs = compute_inputs(method, dataset.images, find_transform("characters"), n_rotations=n_rotations)
    sampler = EpisodeSampler(dataset, replace(EPISODES, n_rotations=n_rotations), seed=1)
    return evaluate(method, featurise(method, inputs), sampler, n_episodes=n_episodes, batch=batch)


@pytest.mark.parametrize("n_rotations", [1, 4])
def test_an_episode_is_the_same_whatever_the_batch_and_the_number_of_episodes(n_rotations: int) -> None:
    whole = measure(23, 20, n_rotations=n_rotations)
    for n_episodes, batch in ((23, 1), (23, 7), (23, 100), (5, 20)):
        part = measure(n_episodes, batch, n_rotations=n_rotations)
        assert torch.equal(part.episode_classes, whole.episode_classes[:n_episodes])
        assert torch.equal(part.episode_accuracy, whole.episode_accuracy[:n_episodes])


def test_turned_classes_are_measured_on_turned_pictures() -> None:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    upright = compute_inputs(method, dataset.images, find_transform("characters"))
    turned = compute_inputs(method, dataset.images, find_transform("characters"), n_rotations=4)
    index = EpisodeSampler(dataset, replace(EPISODES, n_rotations=4), seed=1).draw(8)
    batch = index.gather(turned)
    pairs = ((batch.support, index.support, index.support_turns), (batch.query, index.query, index.query_turns))
    for drawn, rows, turns in pairs:
        for picture, row, turn in zip(drawn.flatten(0, 1), rows.flatten(), turns.flatten().tolist(), strict=True):
            assert torch.equal(picture, upright[row].rot90(turn, (1, 2)))
    assert set(index.support_turns.unique().tolist()) == {0, 1, 2, 3}


def test_turned_classes_are_refused_on_pictures_that_are_upright_alone() -> None:
    method, dataset = small_method(), load_dataset("strokes", split="test", n_classes=6)
    inputs = compute_inputs(method, dataset.images, find_transform("characters"))
    sampler = EpisodeSampler(dataset, replace(EPISODES, n_rotations=4), seed=1)
    with pytest.raises(DatasetError, match="each in 4 turns; compute them with n_rotations=4"):
        evaluate(method, featurise(method, inputs), sampler, n_episodes=1)
    with pytest.raises(DatasetError, match="0 episodes are none"):
        evaluate(method, inputs, EpisodeSampler(dataset, EPISODES, seed=1), n_episodes=0)


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
