"""Measure checkpoints of one kind side by side, in the same episodes, and print Markdown tables.

Letters: Omniglot's evaluation alphabets. Photos: the seven test classes of Grocery Store, with the paired difference to
plain nearest prototypes on the same frozen embedding and to the shipped `photos`; rows called `untrained` are a method
on that embedding without any meta-training. Every figure has the half-width of its 95 % interval; where a protocol was
cut short (`--seconds`), its number of episodes is in brackets. With `--write-card` figures go onto the cards.

    python -m benchmarks.methods --kind characters --data-root ../shared/data/omniglot
    python -m benchmarks.methods --kind photos --data-root ../shared/data/grocery_store
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.adapting import Cost, time_adapting
from benchmarks.exam import LETTERS, PHOTOS, TRANSDUCTIVE, Exam, add_results, one_thread, row_of
from benchmarks.photo_classes import find_photos
from mlcore.backbones.pretrained import serve_from
from mlcore.checkpoints.card import WEIGHTS_FILE, pretrained_cards
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.config import KINDS, BackboneConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import Evaluation, difference
from mlcore.method_config.base import MethodConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod

LITE2 = BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448)
PLAIN, SHIPPED = "plain prototypes", "photos"
WORK_UNTRAINED = ("prototypical", "baseline", "baseline_plus_plus", "maml")
EPISODES, SECONDS = 1000, 60.0
Results = dict[str, dict[str, Evaluation]]
"""Figures by candidate and protocol."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Examine every checkpoint, print the tables, and keep the figures if asked to."""
    options = _options(arguments)
    one_thread()
    exam = _exam(options)
    names = options.checkpoint or [name for name, card in pretrained_cards().items() if card.kind == options.kind]
    candidates = _candidates(options.kind, names, options.onnx)
    protocols = PHOTOS if options.kind == "photos" else (*LETTERS, TRANSDUCTIVE)
    results: Results = {}
    print(f"\n| checkpoint | parameters | kB | {' | '.join(protocol.name for protocol in protocols)} |")
    print("|---" * (len(protocols) + 3) + "|")
    for name, method in candidates.items():
        results[name] = exam.take(method, protocols)
        print(f"| {name} | {_size(name, method)} | {_cells(results[name], exam)} |", flush=True)
    costs = {name: time_adapting(method, exam, repeats=options.repeats) for name, method in candidates.items()}
    if options.kind == "photos":
        _print_differences(results)
    _print_costs(costs)
    if options.write_card:
        for name in names:
            add_results(find_checkpoint(name), _rows(results[name], costs[name], exam, options))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--checkpoint", action="append", help="a folder or a name; again for more (default: all)")
    parser.add_argument("--split", help="class split (default: evaluation of letters, test of photos)")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for a protocol and a checkpoint, at most")
    parser.add_argument("--repeats", type=int, default=5, help="of adapting, which is timed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument("--write-card", action="store_true")
    options = parser.parse_args(arguments)
    options.split = options.split or ("test" if options.kind == "photos" else "evaluation")
    return options


def _exam(options: argparse.Namespace) -> Exam:
    if options.kind == "photos":
        dataset = load_dataset(**find_photos(options.data_root), split=options.split)
    else:
        dataset = load_dataset("omniglot", root=options.data_root, split=options.split)
    transform = find_transform(KINDS[options.kind].transform)
    return Exam(dataset, transform, options.episodes, options.seed, options.seconds)


def _candidates(kind: str, names: list[str], onnx_folder: Path) -> dict[str, FewShotMethod]:
    """Load the checkpoints; for photos, put what is compared with them before and behind."""
    named = {name: load_checkpoint(find_checkpoint(name), onnx_folder=onnx_folder) for name in names}
    if kind != "photos":
        return named
    shipped = load_checkpoint(find_checkpoint(SHIPPED), onnx_folder=onnx_folder)
    made = {PLAIN: _untrained("prototypical", PrototypicalConfig(backbone=LITE2))}
    made |= {
        f"{name}, untrained": _untrained(method.card.method, method.config)
        for name, method in named.items()
        if name != SHIPPED and method.card.method in WORK_UNTRAINED
    }
    for method in made.values():
        serve_from(method, onnx_folder)
    return {PLAIN: made.pop(PLAIN), SHIPPED: shipped, **named, **made}


def _untrained(name: str, config: MethodConfig) -> FewShotMethod:
    torch.manual_seed(0)
    return build_method(name, replace(config, adapter=0)).eval().requires_grad_(False)


def _size(name: str, method: FewShotMethod) -> str:
    parameters = sum(parameter.numel() for parameter in method.parameters())
    kilobytes = "" if method.card is None else f"{(find_checkpoint(name) / WEIGHTS_FILE).stat().st_size / 1000:.0f}"
    return f"{parameters:,} | {kilobytes}"


def _cells(results: dict[str, Evaluation], exam: Exam) -> str:
    return " | ".join(
        f"{100 * result.accuracy:.2f} ± {100 * result.ci95:.2f}"
        + (f" ({result.n_episodes})" if result.n_episodes < exam.episodes else "")
        for result in results.values()
    )


def _print_differences(results: Results) -> None:
    for other in (PLAIN, SHIPPED):
        protocols = list(results[other])
        print(f"\nPoints above `{other}`, in the same episodes\n\n| checkpoint | {' | '.join(protocols)} |")
        print("|---" * (len(protocols) + 1) + "|")
        for name in results:
            if name != other:
                points = [difference(results[name][protocol], results[other][protocol]) for protocol in protocols]
                cells = " | ".join(f"{100 * mean:+.2f} ± {100 * half:.2f}" for mean, half in points)
                print(f"| {name} | {cells} |")


def _print_costs(costs: dict[str, Cost]) -> None:
    first = next(iter(costs))
    print(f"\nAdapting to a 5-way 5-shot set: processor time on one thread, median; ratio to {first}\n")
    print("| checkpoint | steps | s from pictures | ratio | s from what is frozen |\n|---|---|---|---|---|")
    for name, cost in costs.items():
        ratio = cost.seconds / costs[first].seconds
        print(f"| {name} | {cost.steps:g} | {cost.seconds:.3f} | {ratio:.2f} | {cost.after_inputs:.4f} |")


def _rows(results: dict[str, Evaluation], cost: Cost, exam: Exam, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the figures as cards hold them."""
    name = "Grocery Store" if options.kind == "photos" else exam.dataset.name
    source = {
        "dataset": f"{name} {options.split}",
        "seed": options.seed,
        "command": f"python -m benchmarks.methods --kind {options.kind} --data-root DIR",
    }
    rows = [{**source, **row_of(protocol, result)} for protocol, result in results.items()]
    for row in rows:
        if row["protocol"] == TRANSDUCTIVE.name:
            row["transductive"] = True
    timed = {"protocol": "adapting to 5-way 5-shot, one thread", "adapt_seconds": cost.seconds, "steps": cost.steps}
    return [*rows, {**source, **timed}]


if __name__ == "__main__":
    main()
