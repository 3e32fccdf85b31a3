"""Measure a `characters` checkpoint on Omniglot's evaluation alphabets: clean, within one alphabet, and corrupted.

Every figure is over episodes of classes that the checkpoint never saw. Corruptions spoil support and query apart;
"several" applies three at random to each picture. With `--write-card` the figures go into the checkpoint's card.

    python -m benchmarks.characters --data-root ../shared/data/omniglot
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.exam import FIVE_WAY, LETTERS, Exam, add_results, row_of
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.data.corruptions import CORRUPTIONS
from mlcore.data.datasets import load_dataset
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import Evaluation, featurise
from mlcore.methods.base import FewShotMethod


def run(exam: Exam, method: FewShotMethod, *, corruptions: Sequence[str]) -> list[dict[str, Any]]:
    """Take the exam, printing a Markdown table row by row; return the rows."""
    print("| protocol | accuracy % | ± 95 % | ECE | lost to clean |\n|---|---|---|---|---|")
    results = exam.take(method, LETTERS)
    rows = [_row(protocol, result) for protocol, result in results.items()]
    if corruptions:
        clean = results[FIVE_WAY.name].accuracy
        for name in corruptions:
            result = exam.score(method, featurise(method, exam.corrupted_inputs(method, name)), FIVE_WAY)
            rows.append(_row(f"{FIVE_WAY.name}, {name}", result, lost=clean - result.accuracy))
        losses = [100 * row["lost"] for row in rows if "lost" in row]
        print(f"\nLost when degraded: {sum(losses) / len(losses):.2f} points on average, {max(losses):.2f} at most.")
    return rows


def _row(protocol: str, result: Evaluation, *, lost: float | None = None) -> dict[str, Any]:
    shown = "" if lost is None else f"{100 * lost:.2f}"
    accuracy = f"{100 * result.accuracy:.2f} | {100 * result.ci95:.2f} | {result.ece:.4f}"
    print(f"| {protocol} | {accuracy} | {shown} |", flush=True)
    return row_of(protocol, result) | ({} if lost is None else {"lost": lost})


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, take the exam, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="characters")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--split", default="evaluation")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", help="test-time views instead of the card's")
    parser.add_argument("--clean-only", action="store_true")
    parser.add_argument("--degradations", nargs="+", default=(*CORRUPTIONS, "several"), help="(default: all)")
    parser.add_argument("--write-card", action="store_true")
    options = parser.parse_args(arguments)
    folder = find_checkpoint(options.checkpoint)
    method = load_checkpoint(folder)
    if options.views:
        method.config = replace(method.config, views=options.views)
    dataset = load_dataset("omniglot", root=options.data_root, split=options.split)
    exam = Exam(dataset, find_transform("characters"), options.episodes, options.seed)
    rows = run(exam, method, corruptions=() if options.clean_only else options.degradations)
    if options.write_card:
        source = {"dataset": f"omniglot {options.split}", "seed": options.seed}
        command = "python -m benchmarks.characters --data-root DIR"
        add_results(folder, [{**source, "command": command, **row} for row in rows])


if __name__ == "__main__":
    main()
