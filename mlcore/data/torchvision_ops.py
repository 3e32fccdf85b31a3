"""Import torchvision beside any build of torch.

PyPI's torchvision is built against CUDA. Beside a CPU-only torch its compiled operators cannot be loaded, and then its
import fails with "operator torchvision::nms does not exist", because it describes two operators that nobody defined.
Defining their schemas first cures that; transforms and models then work, and the operators themselves stay unusable.
Where torchvision's own operators load, nothing is defined.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch

OPERATORS = ("nms", "qnms")


def torchvision_module(name: str) -> ModuleType:
    """Import a module of torchvision, such as "torchvision.transforms.v2"."""
    _define_missing_operators()
    return import_module(name)


@cache
def _define_missing_operators() -> torch.library.Library | None:
    """Define the operators that torchvision's import expects; the library returned keeps them alive."""
    if _own_operators_load():
        return None
    library = torch.library.Library("torchvision", "DEF")
    for operator in OPERATORS:
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _own_operators_load() -> bool:
    """Load torchvision's compiled operators, if they fit this torch, and return whether they are there."""
    spec = find_spec("torchvision")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for compiled in (path for path in Path(folder).glob("_C*") if path.suffix in (".so", ".pyd", ".dylib")):
            try:
                torch.ops.load_library(compiled)
            except OSError:
                continue
    return hasattr(torch.ops.torchvision, OPERATORS[0])
