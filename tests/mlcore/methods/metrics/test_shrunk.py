"""The metric that a support set's scatter gives: values worked by hand, and its place in prototypical networks."""

import pytest
import torch

from mlcore.config import BackboneConfig
from mlcore.data.episode import LabeledSet
from mlcore.errors import ConfigError
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.metrics.shrunk import shrunk_metric
from mlcore.methods.prototypical import Prototypical


def test_lengths_along_the_scatter_are_shortened() -> None:
    # scatter is diag(1, 0): with shrinkage 1/4 the squared length along x counts (1/4) / (3/4 * 1 + 1/4) = 1/4
    residuals = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    mapped = shrunk_metric(residuals, 0.25).apply(torch.tensor([[2.0, 3.0]]))
    torch.testing.assert_close(mapped, torch.tensor([[1.0, 3.0]]))


def test_distances_are_those_of_mahalanobis() -> None:
    generator = torch.Generator().manual_seed(0)
    residuals, points = torch.randn(6, 4, generator=generator), torch.randn(3, 4, generator=generator)
    scatter = residuals.T @ residuals / 6
    inverse = 0.1 * torch.linalg.inv(0.9 * scatter + 0.1 * torch.eye(4))
    squares = (shrunk_metric(residuals, 0.1).apply(points) ** 2).sum(1)
    torch.testing.assert_close(squares, ((points @ inverse) * points).sum(1))


def test_one_picture_a_class_leaves_euclids() -> None:
    points = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(shrunk_metric(torch.zeros(5, 4), 0.01).apply(points), points)


def test_a_classifier_uses_it_and_restores_it() -> None:
    backbone = BackboneConfig(image_size=16, width=2)
    method = Prototypical(PrototypicalConfig(backbone=backbone, shrinkage=0.25)).eval()
    support = LabeledSet(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 4.0], [-1.0, 4.0]]), torch.tensor([0, 0, 1, 1]))
    query = torch.tensor([[6.0, 1.0]])
    classifier = method.adapt_features(support)
    # squared distances 6 * 6 / 4 + 1 and 6 * 6 / 4 + 9, over 2 dimensions, times 10
    torch.testing.assert_close(classifier.logits_of(query), torch.tensor([[-50.0, -90.0]]))
    restored = method.restore(classifier.state())
    assert torch.equal(restored.logits_of(query), classifier.logits_of(query))


@pytest.mark.parametrize("shrinkage", [0.0, -0.5, 1.5])
def test_a_share_out_of_range_is_refused(shrinkage: float) -> None:
    with pytest.raises(ConfigError, match="shrinkage"):
        PrototypicalConfig(shrinkage=shrinkage)


def test_cosine_distance_has_no_scatter() -> None:
    with pytest.raises(ConfigError, match="cosine"):
        PrototypicalConfig(distance="cosine", shrinkage=0.5)
