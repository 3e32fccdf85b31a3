"""torchvision imports beside the torch that is installed, in a process that has not tried before."""

import subprocess
import sys


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_transforms_and_models_work() -> None:
    program = """
import torch
from mlcore.data.torchvision_ops import torchvision_module
v2 = torchvision_module("torchvision.transforms.v2")
models = torchvision_module("torchvision.models")
print(tuple(models.resnet18()(v2.functional.resize(torch.zeros(1, 3, 40, 40), [64, 64])).shape))
"""
    assert run(program) == "(1, 1000)"


def test_nothing_is_defined_where_the_operators_exist() -> None:
    program = """
import torch
from mlcore.data import torchvision_ops
own = torch.library.Library("torchvision", "DEF")
own.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
print(torchvision_ops._define_missing_operators())
"""
    assert run(program) == "None"
