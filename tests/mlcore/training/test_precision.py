"""Computing in bfloat16: what a network takes, gives and learns stays float32."""

import pytest
import torch
from torch import nn

from mlcore.config import BackboneConfig, TrainingConfig
from mlcore.data.episode import EpisodeBatch
from mlcore.errors import ConfigError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.training.precision import computing_in


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 8))


def test_bfloat16_is_close_to_full_precision_and_not_the_same() -> None:
    net, pictures = network(), torch.rand(3, 1, 8, 8)
    exact = net(pictures)
    with computing_in(net, "bfloat16"):
        rounded = net(pictures)
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, atol=0.02, rtol=0.05)
    assert torch.equal(net(pictures), exact)  # nothing of it stays


def test_gradients_reach_the_weights_in_full_precision() -> None:
    net = network()
    with computing_in(net, "bfloat16"):
        net(torch.rand(3, 1, 8, 8)).square().mean().backward()
    for parameter in net.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.abs().sum() > 0


def test_a_network_that_fails_leaves_full_precision_behind() -> None:
    net = network()
    with computing_in(net, "bfloat16"), pytest.raises(RuntimeError):
        net(torch.rand(3, 2, 8, 8))
    assert not torch.is_autocast_enabled("cpu")


def test_full_precision_changes_nothing() -> None:
    net, pictures = network(), torch.rand(3, 1, 8, 8)
    with computing_in(net, "float32"):
        inside = net(pictures)
    assert torch.equal(inside, net(pictures))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_in_bfloat16(name: str) -> None:
    torch.manual_seed(0)
    method = build_method(name, METHODS[name].config(backbone=BackboneConfig(image_size=28, width=8)))
    method.begin_training(4)
    method.train()
    episodes = EpisodeBatch(torch.rand(1, 4, 1, 28, 28), torch.rand(1, 4, 1, 28, 28), 4, torch.arange(4).unsqueeze(0))
    with computing_in(method.backbone, "bfloat16"):
        assert method.accumulate_gradients(episodes)["loss"] > 0
    gradients = [parameter.grad for parameter in method.backbone.parameters() if parameter.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_another_precision_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="precision is 'float16'; it must be float32 or bfloat16"):
        TrainingConfig(precision="float16")
