"""Time one photo query, plain and shipped, from bytes to probabilities, on one thread."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from benchmarks.photo_looks import open_probe
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import LabeledSet
from mlcore.data.images import decode, image_to_tensor

N_SUPPORT = 25  # 5-way 5-shot
SIZES = ((160, 160), (1600, 1200))  # px, as stored and as people send


def time_a_query(dataset: PictureDataset, onnx_folder: Path, *, repeats: int) -> None:
    """Print the CPU time of a query in milliseconds for each size of photo, both ways in turn."""
    torch.set_num_threads(1)
    plain, shipped = _plain(), _shipped(dataset, onnx_folder)
    print(f"\nCPU time of one query, one thread, median of {repeats}; load average {os.getloadavg()[0]:.1f}\n")
    print("| photo | plain, ms | shipped, ms | ratio |\n|---|---|---|---|")
    for width, height in SIZES:
        data = _jpeg(dataset.images[0], (width, height))
        times = [(_milliseconds(plain, data), _milliseconds(shipped, data)) for _ in range(repeats)]
        first, second = (median(column) for column in zip(*times, strict=True))
        print(f"| {width}×{height} JPEG | {first:.1f} | {second:.1f} | {second / first:.2f} |")


def _plain() -> Callable[[bytes], Tensor]:
    session = open_probe(["last"], "efficientnet_lite0")
    prototypes = functional.normalize(torch.rand(5, 1280), dim=1)

    def answer(data: bytes) -> Tensor:
        pixels = decode(data, mode="RGB", load_side=224).unsqueeze(0).float()
        view = (functional.interpolate(pixels, size=(224, 224), mode="bilinear", antialias=True) - 127) / 128
        (pooled,) = session.run(["last"], {"view": view.numpy()})
        embedding = functional.normalize(torch.from_numpy(pooled), dim=1)
        return (-torch.cdist(embedding, prototypes).square()).softmax(1)

    return answer


def _shipped(dataset: PictureDataset, onnx_folder: Path) -> Callable[[bytes], Tensor]:
    method = load_checkpoint(find_checkpoint("photos"), onnx_folder=onnx_folder)
    tensors = torch.stack([image_to_tensor(_jpeg(image), "photos") for image in dataset.images[:N_SUPPORT]])
    classifier = method.adapt(LabeledSet(tensors, torch.arange(5).repeat_interleave(N_SUPPORT // 5)))
    return lambda data: classifier.probabilities(image_to_tensor(data, "photos").unsqueeze(0))


def _jpeg(image: Tensor, size: tuple[int, int] | None = None) -> bytes:
    picture = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    file = io.BytesIO()
    (picture.resize(size) if size else picture).save(file, "JPEG", quality=90)
    return file.getvalue()


def _milliseconds(answer: Callable[[bytes], Tensor], data: bytes) -> float:
    start = time.process_time()
    answer(data)
    return (time.process_time() - start) * 1000
