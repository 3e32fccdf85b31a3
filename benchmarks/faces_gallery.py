"""Ask "who is this?" of galleries of people who took no part in choosing thresholds: how often is the answer right?

Galleries are drawn at random, three photos a person; then come a further photo of somebody in it, and one of somebody
who is not. "Shared" is the threshold of `FaceCard.threshold_among`, which the site uses.

    python -m benchmarks.faces_gallery --data-root ../shared/data/faces_lfw_subset
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.faces_card import Half, embed_all, split_people
from benchmarks.faces_pictures import load_pictures
from mlcore.faces.card import face_card
from mlcore.faces.chain import load_chain
from mlcore.faces.verification.scores import identify

PHOTOS_EACH = 3
SIZES = (1, 5, 10, 25, 50)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each size of gallery and threshold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds faces_250_grey.zip")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="people in a gallery")
    parser.add_argument("--draws", type=int, default=2000, help="galleries of a size")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    _, testing = split_people(embed_all(load_chain(), load_pictures(options.data_root)))
    print(
        "| people | threshold | named rightly | as another | as nobody | a stranger named |\n|---|---|---|---|---|---|"
    )
    for n_people in options.sizes:
        thresholds = {"default": face_card().default_threshold, "shared": face_card().threshold_among(n_people)}
        for name, threshold in thresholds.items():
            rightly, wrongly, stranger = ask(testing, n_people, threshold, n_draws=options.draws)
            cells = " | ".join(f"{100 * share:.1f} %" for share in (rightly, wrongly, 1 - rightly - wrongly, stranger))
            print(f"| {n_people} | {name}, {threshold:.3f} | {cells} |")


def ask(half: Half, n_people: int, threshold: float, *, n_draws: int) -> tuple[float, float, float]:
    """Return the shares of known people who are named rightly and as another, and of strangers who are named."""
    draw = np.random.default_rng(0)
    people = np.unique(half.labels)
    rightly = wrongly = stranger = 0
    for _ in range(n_draws):
        *known, other = draw.permutation(people)[: n_people + 1]
        photos = [draw.permutation(np.flatnonzero(half.labels == person))[: PHOTOS_EACH + 1] for person in known]
        rows = np.concatenate([places[:PHOTOS_EACH] for places in photos])
        gallery, names = half.embeddings[rows], half.labels[rows].tolist()
        asked = identify(half.embeddings[photos[0][-1]], gallery, names, threshold=threshold).person
        rightly += asked == known[0]
        wrongly += asked is not None and asked != known[0]
        query = draw.choice(np.flatnonzero(half.labels == other))
        stranger += identify(half.embeddings[query], gallery, names, threshold=threshold).person is not None
    return rightly / n_draws, wrongly / n_draws, stranger / n_draws


if __name__ == "__main__":
    main()
