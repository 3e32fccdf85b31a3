"""Time the parts of the face chain on one thread, in CPU time, which other work on the machine moves little.

python -m benchmarks.faces_speed --data-root ../shared/data/faces_lfw_subset
"""

import argparse
import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import dlib
import numpy as np
import torch
from PIL import Image

from benchmarks.faces_pictures import load_pictures, to_pixels
from mlcore.faces.chain import load_chain
from mlcore.faces.embedding.embedder import to_tensor
from mlcore.faces.packages import RECOGNISER
from mlcore.faces.verification.scores import identify

N_GALLERY = 10_000
WEBCAM = (640, 480)  # px


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what each part takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds faces_250_grey.zip")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--large-side", type=int, default=5000, help="of the large photo, in px")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"CPU time, one thread, median of {options.repeats}; load average {os.getloadavg()[0]:.1f}\n")
    print("| part | ms |\n|---|---|")
    for name, part in parts(load_pictures(options.data_root).pictures[0], options.large_side).items():
        print(f"| {name} | {milliseconds(part, options.repeats):.1f} |", flush=True)


def parts(picture: Image.Image, large_side: int) -> dict[str, Callable[[], object]]:
    """Name the parts of the chain, each ready to run."""
    chain = load_chain()
    webcam = Image.new("RGB", WEBCAM, "grey")
    webcam.paste(picture, (200, 100))
    pixels, empty = to_pixels(webcam), np.random.default_rng(0).integers(0, 256, (*WEBCAM[::-1], 3)).astype(np.uint8)
    chips = chain.chips(chain.detect(pixels))[:1]
    faces = to_tensor(torch.from_numpy(chips.copy()))
    theirs = dlib.face_recognition_model_v1(str(RECOGNISER.path()))
    gallery = np.random.default_rng(0).normal(size=(N_GALLERY, 128)).astype(np.float32)
    people = list(range(N_GALLERY))
    large = encoded(picture.resize((large_side, large_side)))
    large_empty = encoded(Image.fromarray(empty).resize((large_side, large_side)))
    megapixels = f"{large_side**2 / 1e6:.0f} MP"
    return {
        "embed a face: dlib's own, one look": lambda: theirs.compute_face_descriptor(chips[0]),
        "embed a face: the network in torch, one look": lambda: chain.embedder(faces),
        "embed a face as it is served: four looks": lambda: chain.embed(chips),
        "find the face of a picture of 640 × 480 px": lambda: chain.detect(pixels),
        "find no face in a picture of 640 × 480 px, turned four ways": lambda: chain.detect(empty),
        f"read a JPEG of {megapixels} and find its face": lambda: chain.detect(chain.read(large)),
        f"read a JPEG of {megapixels} and find no face": lambda: chain.detect(chain.read(large_empty)),
        "who of 10,000 photos is it, beyond the embedding": lambda: identify(
            gallery[0], gallery, people, threshold=0.6
        ),
    }


def encoded(picture: Image.Image) -> bytes:
    """Write a picture as a JPEG."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()


def milliseconds(part: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of a part."""
    part()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        part()
        times.append(time.process_time() - start)
    return 1000 * median(times)


if __name__ == "__main__":
    main()
