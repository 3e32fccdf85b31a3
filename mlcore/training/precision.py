"""Train with half the bits: Micikevicius et al., "Mixed precision training" (ICLR 2018), in bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def computing_in(network: nn.Module, precision: str) -> Iterator[None]:
    """Let a network compute in one of `PRECISIONS`, by name; what it takes, gives and learns stays float32.

    It is faster where the processor has instructions for it. Distances and losses, which small differences decide, are
    left in full precision, being outside the network.
    """
    if precision == "float32":
        yield
        return
    cast = torch.autocast(next(network.parameters()).device.type, getattr(torch, precision))

    def enter(*_: Any) -> None:
        cast.__enter__()

    def leave(_module: nn.Module, _inputs: Any, output: Tensor | None) -> Tensor | None:
        cast.__exit__(None, None, None)
        return None if output is None else output.float()

    hooks = [network.register_forward_pre_hook(enter), network.register_forward_hook(leave, always_call=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
