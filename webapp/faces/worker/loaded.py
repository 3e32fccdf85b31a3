"""What a worker process keeps in memory to look at faces: weights alone, never anything of a person."""

from __future__ import annotations

from functools import cache

import torch
from django.conf import settings

from mlcore.devices import resolve_device
from mlcore.faces.chain import FaceChain, load_chain

# One thread a worker process: several processes share the cores, and threads that wait on each other cost more.
torch.set_num_threads(1)


@cache
def chain() -> FaceChain:
    """Return the chain, loaded the first time."""
    return load_chain(resolve_device(settings.GLIMPSE_DEVICE))
