"""What every method in `METHODS` promises, whatever its paper."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.errors import CheckpointError, SupportSetError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod

SIDE = 32
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=8)


class Stopped(Exception):
    """Raised by a watcher, as a cancelled job does."""


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> FewShotMethod:
    """Each method, small, its running statistics unlike the initial ones."""
    torch.manual_seed(0)
    built = build_method(request.param, METHODS[request.param].config(backbone=BACKBONE))
    built.train()
    with torch.no_grad():
        built.backbone(torch.rand(32, 1, SIDE, SIDE))
    return built.eval().requires_grad_(False)


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def unequal_support(seed: int = 1) -> LabeledSet:
    return LabeledSet(pictures(6, seed), torch.tensor([0, 1, 1, 1, 2, 2]))


def test_one_picture_alone_is_answered_as_among_fifty(method: FewShotMethod) -> None:
    classifier, query = method.adapt(unequal_support()), pictures(50, seed=2)
    torch.testing.assert_close(classifier.logits(query[7:8]), classifier.logits(query)[7:8], atol=1e-5, rtol=1e-5)


def test_permuting_the_classes_permutes_the_answer(method: FewShotMethod) -> None:
    support, query, order = unequal_support(), pictures(5, seed=2), torch.tensor([2, 0, 1])
    permuted = LabeledSet(support.images, order[support.labels])
    expected = method.adapt(support).logits(query)
    torch.testing.assert_close(method.adapt(permuted).logits(query)[:, order], expected, atol=1e-5, rtol=1e-5)


def test_adapting_again_leaves_the_first_classifier_unchanged(method: FewShotMethod) -> None:
    query, weights = pictures(5, seed=2), {name: value.clone() for name, value in method.state_dict().items()}
    first = method.adapt(unequal_support())
    before = first.logits(query)
    method.adapt(unequal_support(seed=3)).logits(query)
    assert torch.equal(first.logits(query), before)
    assert all(torch.equal(value, weights[name]) for name, value in method.state_dict().items())


def test_adapting_is_the_same_each_time(method: FewShotMethod) -> None:
    query = pictures(5, seed=2)
    assert torch.equal(method.adapt(unequal_support()).logits(query), method.adapt(unequal_support()).logits(query))


def test_labels_that_skip_a_class_are_refused(method: FewShotMethod) -> None:
    with pytest.raises(SupportSetError, match=r"cover 0\.\.n_way-1.*\[0, 2\]"):
        method.adapt(LabeledSet(pictures(2), torch.tensor([0, 2])))


@pytest.mark.parametrize("n_way", [2, 20])
def test_probabilities_sum_to_one_for_any_number_of_ways(method: FewShotMethod, n_way: int) -> None:
    labels = torch.cat([torch.arange(n_way), torch.zeros(3, dtype=torch.int64)])
    classifier = method.adapt(LabeledSet(pictures(n_way + 3), labels))
    rows = classifier.probabilities(pictures(3, seed=2))
    assert classifier.n_way == n_way
    assert rows.shape == (3, n_way)
    torch.testing.assert_close(rows.sum(1), torch.ones(3))


def test_a_support_picture_is_its_own_nearest_reason(method: FewShotMethod) -> None:
    support = unequal_support()
    predictions = method.adapt(support).predict(support.images, n_nearest=2)
    assert predictions.nearest[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    torch.testing.assert_close(predictions.similarity[:, 0], torch.ones(6))
    assert (predictions.similarity[:, 1] <= predictions.similarity[:, 0]).all()


def test_a_classifier_survives_its_state(method: FewShotMethod) -> None:
    query, classifier = pictures(5, seed=2), method.adapt(unequal_support())
    assert torch.equal(method.restore(classifier.state()).logits(query), classifier.logits(query))
    for missing in classifier.state():
        with pytest.raises(CheckpointError, match=missing):
            method.restore({name: value for name, value in classifier.state().items() if name != missing})


def test_a_checkpoint_survives_save_and_load_exactly(method: FewShotMethod, tmp_path: Path) -> None:
    name = next(name for name, entry in METHODS.items() if entry.config is type(method.config))
    card = ModelCard(
        name="small", kind="characters", method=name, config=method.config.to_dict(), transform="characters"
    )
    saved = save_checkpoint(tmp_path, method, card)
    loaded, query = load_checkpoint(tmp_path), pictures(5, seed=2)
    assert loaded.card == saved
    assert torch.equal(loaded.adapt(unequal_support()).logits(query), method.adapt(unequal_support()).logits(query))


def test_an_adaptation_tells_its_steps_and_loss_and_can_be_stopped(method: FewShotMethod) -> None:
    told: list[tuple[int, int, float]] = []
    adaptation = method.adapt(unequal_support(), lambda *step: told.append(step)).adaptation
    assert adaptation.steps == len(told)
    if not told:
        assert adaptation.loss is None
        return
    assert [step for step, _, _ in told] == list(range(1, len(told) + 1))
    assert adaptation.loss == pytest.approx(told[-1][2])

    def stop(step: int, steps: int, loss: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        method.adapt(unequal_support(), stop)


def test_meta_training_moves_weights_and_lowers_the_loss(method: FewShotMethod) -> None:
    """Classes differ in brightness alone, which any method can learn."""
    bright = torch.linspace(0.1, 0.9, 4).repeat_interleave(4).reshape(1, 16, 1, 1, 1)
    support, query = (bright * pictures(16, seed).unsqueeze(0) for seed in (1, 2))
    batch = EpisodeBatch(support, query, 4, classes=torch.arange(4).unsqueeze(0))
    method.requires_grad_(True).train()
    method.begin_training(4)
    optimizer = torch.optim.Adam(method.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        losses.append(method.accumulate_gradients(batch)["loss"])
        optimizer.step()
    assert min(losses[-3:]) < 0.9 * losses[0]
