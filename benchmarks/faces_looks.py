"""Compare ways of embedding a face from several looks at it, on the people that choose thresholds.

"Plain distance" is how dlib compares; directions are embeddings of length 1.

    python -m benchmarks.faces_looks --data-root ../shared/data/faces_lfw_subset
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.faces_card import Half, chips_of, split_people
from benchmarks.faces_pictures import FacePictures, load_pictures
from mlcore.faces.chain import load_chain
from mlcore.faces.embedding.embedder import ZOOMS, FaceEmbedder, load_embedder, to_tensor, zoomed
from mlcore.faces.verification.metrics import equal_error_rate, tar_at
from mlcore.faces.verification.pairs import ScoredPairs, all_pairs

WAYS = {
    "one look": ((1.0, False),),
    "and its mirror image": ((1.0, False), (1.0, True)),
    "nearer and farther, and their mirror images (served)": tuple((z, m) for z in ZOOMS for m in (False, True)),
    "as it is, nearer and farther, and their mirror images": tuple(
        (z, m) for z in (1.0, *ZOOMS) for m in (False, True)
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Embed the calibration people's faces in every way, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds faces_250_grey.zip")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    chips, labels = chips_of(load_chain(), calibrating(load_pictures(options.data_root)))
    embedder = load_embedder().eval().requires_grad_(False)
    looks: dict[tuple[float, bool], Tensor] = {}
    print("| way | refused at FAR 1 % | at 0.1 % | equal error rate | CPU ms a face |\n|---|---|---|---|---|")
    for name, way in WAYS.items():
        start = time.process_time()
        for look in (look for look in way if look not in looks):
            looks[look] = look_at(embedder, to_tensor(torch.from_numpy(chips)), *look)
        taken = 1000 * (time.process_time() - start) / len(chips)
        embeddings = torch.stack([looks[look] for look in way]).sum(0)
        if name == "one look":
            print(f"| one look, plain distance | {row(embeddings, labels, plain=True)} | |")
        print(f"| {name} | {row(embeddings, labels)} | {taken:.0f} more |", flush=True)


def calibrating(pictures: FacePictures) -> FacePictures:
    """Take the pictures of the people that choose thresholds."""
    rows = np.arange(len(pictures.labels), dtype=np.float32)
    chosen, _ = split_people(Half(rows[:, None], pictures.labels))
    return FacePictures([pictures.pictures[int(row)] for row in chosen.embeddings[:, 0]], chosen.labels)


def look_at(embedder: FaceEmbedder, faces: Tensor, zoom: float, mirrored: bool) -> Tensor:
    """Embed faces (n, 3, 150, 150), seen nearer or farther or in a mirror."""
    embeddings = []
    for chunk in faces.split(16):
        seen = chunk if zoom == 1 else zoomed(chunk, zoom)
        embeddings.append(embedder(seen.flip(3) if mirrored else seen))
    return torch.cat(embeddings)


def row(embeddings: Tensor, labels: np.ndarray, *, plain: bool = False) -> str:
    """Return how the calibration people's pairs come out."""
    pairs: ScoredPairs = Half(functional.normalize(embeddings, dim=1).numpy(), labels).scored(all_pairs(labels))
    if plain:
        which, vectors = all_pairs(labels), embeddings.numpy()
        distance = np.linalg.norm(vectors[which.first] - vectors[which.second], axis=1)
        pairs = replace(pairs, scores=-distance.astype(np.float64))
    refused = [1 - (tar_at(pairs.same, pairs.different, far) or 0) for far in (0.01, 0.001)]
    errors = (*refused, equal_error_rate(pairs.same, pairs.different))
    return " | ".join(f"{100 * error:.2f} %" for error in errors)


if __name__ == "__main__":
    main()
