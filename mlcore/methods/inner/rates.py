"""What an inner loop learns of its own steps: rates, and step by step what its norm layers use.

Rates for each parameter: Li et al., "Meta-SGD" (2017). Rates for each layer and step, and statistics, scales and shifts
for each step: Antoniou et al., "How to train your MAML" (ICLR 2019).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mlcore.backbones.layers.batch_norm import Scales, Statistics, norms_of
from mlcore.method_config.maml import MamlConfig

MOMENTUM = 0.1


class InnerRates(nn.Module):
    """The inner loop's rate of every tensor that it adapts: `inner_lr`, times a learned factor if the config says so.

    Factors are held in half precision, but in full while they are learned.
    """

    def __init__(self, config: MamlConfig, shapes: Mapping[str, torch.Size]) -> None:
        super().__init__()
        self.inner_lr = config.inner_lr
        self.last = config.inner_steps - 1
        self.by_step = config.rates == "layer_step"
        by_step = torch.Size([config.inner_steps])
        factors = (
            {}
            if config.rates == "fixed"
            else {
                _key(name): nn.Parameter(torch.ones(by_step if self.by_step else shape, dtype=torch.float16))
                for name, shape in shapes.items()
            }
        )
        self.factors = nn.ParameterDict(factors)

    def of(self, name: str, step: int) -> Tensor | float:
        """Return a tensor's rate at a step, from 0; steps beyond those of meta-training have the last one's."""
        if not self.factors:
            return self.inner_lr
        factor = self.factors[_key(name)]
        learned = factor[min(step, self.last)] if self.by_step else factor
        rate: Tensor = self.inner_lr * (learned.float() if learned.dtype == torch.float16 else learned)
        return rate


def _key(name: str) -> str:
    return name.replace(".", "/")


class StepNorms(nn.Module):
    """Running statistics of every norm layer, for each inner step apart, and, if asked for, scales and shifts."""

    def __init__(self, network: nn.Module, steps: int, *, affine: bool) -> None:
        """steps: of the inner loop; affine: whether the outer loop learns a scale and a shift for each of them."""
        super().__init__()
        self.last = steps - 1
        self.affine = affine
        self.names = [name for name, _ in norms_of(network)]
        for place, (_, norm) in enumerate(norms_of(network)):
            self.register_buffer(f"mean{place}", torch.zeros(steps, norm.num_features))
            self.register_buffer(f"variance{place}", torch.ones(steps, norm.num_features))
            if affine:
                self.register_parameter(f"scale{place}", nn.Parameter(torch.ones(steps, norm.num_features)))
                self.register_parameter(f"shift{place}", nn.Parameter(torch.zeros(steps, norm.num_features)))

    def at(self, step: int) -> Statistics:
        """Return the statistics of a step, from 0; steps beyond those of meta-training have the last one's."""
        row = min(step, self.last)
        return {
            name: (self.get_buffer(f"mean{place}")[row], self.get_buffer(f"variance{place}")[row])
            for place, name in enumerate(self.names)
        }

    def scales_at(self, step: int) -> Scales | None:
        """Return the scales and shifts of a step, from 0, likewise; None if the network's own serve every step."""
        if not self.affine:
            return None
        row = min(step, self.last)
        return {
            name: (self.get_parameter(f"scale{place}")[row], self.get_parameter(f"shift{place}")[row])
            for place, name in enumerate(self.names)
        }

    @torch.no_grad()
    def begin(self, network: nn.Module) -> None:
        """Start every step from the network's own running statistics, scales and shifts."""
        own = dict(norms_of(network))
        for place, name in enumerate(self.names):
            mean, variance = own[name].get_buffer("running_mean"), own[name].get_buffer("running_var")
            self.get_buffer(f"mean{place}").copy_(mean)
            self.get_buffer(f"variance{place}").copy_(variance)
            if self.affine:
                self.get_parameter(f"scale{place}").copy_(own[name].weight)
                self.get_parameter(f"shift{place}").copy_(own[name].bias)

    @torch.no_grad()
    def update(self, step: int, recorded: Statistics) -> None:
        """Draw a step's statistics towards those of a batch."""
        for name, (mean, variance) in self.at(step).items():
            mean.lerp_(recorded[name][0], MOMENTUM)
            variance.lerp_(recorded[name][1], MOMENTUM)
