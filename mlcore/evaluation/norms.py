"""What is usual among pictures of a kind, seen through one checkpoint: what `doctor` and `next_picture` compare with.

The numbers stand in `norms.json` beside this file, by kind, each with the command that measured them on classes that
choose. They hold for the embeddings of the very checkpoint that they name, and are measured anew whenever it changes.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mlcore.errors import CheckpointError

NORMS = Path(__file__).parent / "norms.json"


@dataclass(frozen=True, kw_only=True)
class Norms:
    """What is usual; distances are squared, between embeddings.

    checkpoint, backbone, digest: what the pictures are seen through, as its card says. scatter: the mean squared
    distance of a picture from its class's mean. directions: in how many directions pictures of a class differ alike
    much. scale: what distances are multiplied with for a softmax over them to be calibrated.
    doubt: how much better, in nats, a support set is explained with one picture in another class, in 19 of 20 support
    sets without a wrong label at most: exp(doubt[0]) * n_way ** doubt[1] * shots ** doubt[2].
    twin: cosine from which two pictures show the same scene. alike: expected confusion, 0 to 1, from which two classes
    are too alike. blurred: the share of the sharpness of the others, from which on a picture is sharp.
    """

    checkpoint: str
    backbone: dict[str, Any]
    digest: str
    scatter: float
    directions: float
    scale: float
    doubt: tuple[float, float, float]
    twin: float
    alike: float
    blurred: float
    measured_on: str
    command: str

    def usual_doubt(self, n_way: int, shots: int) -> float:
        """Return the doubt, in nats, that pictures of a class of so many stay below, among n_way classes."""
        first, by_ways, by_shots = self.doubt
        return math.exp(first + by_ways * math.log(n_way) + by_shots * math.log(shots))


@cache
def norms_of(kind: str) -> Norms:
    """Return what is usual for a kind; raise CheckpointError where nobody measured it."""
    measured = json.loads(NORMS.read_text(encoding="utf-8"))
    if kind not in measured:
        raise CheckpointError(
            f"what is usual was not measured for {kind!r}, only for {', '.join(measured)}; "
            "run `python -m benchmarks.doctor --measure`"
        )
    return Norms(**{**measured[kind], "doubt": tuple(measured[kind]["doubt"])})
