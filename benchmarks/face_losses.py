"""Train a face embedding with every loss, from scratch and as a head on the default embedder; measure all on others.

On the ORL faces: 15 people to train on, 5 who choose the step and the threshold, and the 20 of the test, of whom every
figure tells, with a 95 % interval over people. Checkpoints that lie in the folder already are measured, not trained.

    python -m benchmarks.face_losses --data-root ../shared/data/faces_orl --out /tmp/face-losses
"""

import argparse
import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mlcore.checkpoints.card import CARD_FILE
from mlcore.cli.main import main as mlcore
from mlcore.faces.config import FACE_LOSSES

NETWORKS: dict[str, list[str]] = {
    "scratch": ["--backbone-name=mobilefacenet", "--backbone-width=32", "--steps=400", "--validate-every=50"],
    "head": ["--backbone-name=head", "--backbone-width=64", "--steps=300", "--validate-every=25", "--lr=3e-4"],
}
LOSSES: dict[str, list[str]] = {
    # Scales published for thousands of people are too large for fifteen.
    "cosface": ["--scale=30"],
    "arcface": ["--scale=30"],
}
FIGURES = {
    "accuracy": "accuracy",
    "tar_at_far_0.01": "TAR at FAR 1e-2",
    "tar_at_far_0.001": "TAR at FAR 1e-3",
    "equal_error_rate": "equal error rate",
    "fold_accuracy": "10-fold accuracy",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is not there yet, measure everything, print the table."""
    options = _options(arguments)
    data = ["--dataset", "orl_faces", "--data-root", str(options.data_root), "--threads", "1", "--device", "cpu"]
    if options.align is not None:
        data.append("--align" if options.align else "--no-align")
    print(f"| embedding | {' | '.join(FIGURES.values())} |")
    print("|---" * (len(FIGURES) + 1) + "|")
    _print_row("default embedder", _measured("default", data, options.draws))
    for network in options.network:
        for loss in options.loss:
            folder = options.out / f"{network}-{loss}"
            if not (folder / CARD_FILE).is_file():
                made = ["--out", str(folder), "--resume", str(folder / "states"), "--loss", loss]
                settings = [*NETWORKS[network], *LOSSES.get(loss, []), "--seed", str(options.seed)]
                if options.steps is not None:
                    settings += ["--steps", str(options.steps)]
                _faces("train", *data, *made, *settings)
            _print_row(f"{loss}, {network}", _measured(str(folder), data, options.draws))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--network", choices=NETWORKS, nargs="+", default=list(NETWORKS))
    parser.add_argument("--loss", choices=FACE_LOSSES, nargs="+", default=list(FACE_LOSSES))
    parser.add_argument("--steps", type=int, help="of training, instead of those of the network")
    parser.add_argument("--align", action=argparse.BooleanOptionalAction, help="or take pictures whole")
    parser.add_argument("--draws", type=int, default=1000, help="draws of people, for the intervals")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _measured(checkpoint: str, data: list[str], draws: int) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(
        _faces("evaluate", "--checkpoint", checkpoint, *data, "--draws", str(draws), "--json")
    )
    return figures


def _faces(*arguments: str) -> str:
    """Run a command on faces; return what it prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = mlcore(["faces", *arguments])
    if status:
        raise SystemExit(status)
    return out.getvalue()


def _print_row(name: str, figures: dict[str, Any]) -> None:
    print(f"| {name} | {' | '.join(_cell(figures[figure]) for figure in FIGURES)} |", flush=True)


def _cell(figure: list[float] | None) -> str:
    """Write a figure in percent, with its interval."""
    if figure is None:
        return "not measurable"
    value, low, high = (100 * share for share in figure)
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
