"""Choose where tensors live."""

import torch

from mlcore.errors import ConfigError


def resolve_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:N` into a device; raise ConfigError if it does not exist here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device is {name!r}; it must be auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"device is {name!r}, but there are {torch.cuda.device_count()} CUDA devices here")
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device is {name!r}; it must be auto, cpu, cuda or cuda:N")
    return device


def leave_memory(device: torch.device, *, megabytes: int) -> None:
    """Leave so much of a GPU's memory to others; raise ConfigError if nothing would be left for this process."""
    if device.type != "cuda" or not megabytes:
        return
    whole = torch.cuda.get_device_properties(device).total_memory
    share = 1 - megabytes * 2**20 / whole
    if share <= 0:
        raise ConfigError(f"leave_gpu_mb is {megabytes}, but the GPU has {whole // 2**20} MB", field="leave_gpu_mb")
    number = torch.cuda.current_device() if device.index is None else device.index
    torch.cuda.set_per_process_memory_fraction(share, number)


def limit_memory(*, megabytes: int) -> None:
    """Let this process take no more memory for what it computes; more raises where it is asked for.

    Raise ConfigError on a system that has no such limit.
    """
    try:
        import resource

        limit = megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (ImportError, OSError, ValueError) as error:
        raise ConfigError(f"memory-mb is {megabytes}, and this system sets no such limit; leave it out") from error
