"""How far the doctor of support sets is right, and whether the class that it names is the one to add pictures to.

Labels are planted wrong in support sets of classes that chose nothing; sound ones tell how often it cries wolf. For
what to add next, two more pictures go into each class in turn, and the classifier learns anew: how much more the class
that is named gains than one at random is paired episode by episode. Photos: the 15 of the 35 Grocery Store classes that
report; letters: characters of one alphabet, of Omniglot's evaluation alphabets.

    python -m benchmarks.doctor --kind photos --data-root ../shared/data/grocery_store
    python -m benchmarks.doctor --kind characters --data-root ../shared/data/omniglot

With `--measure` what is usual is measured on the classes that choose, and kept in `mlcore/evaluation/norms.json`; the
tables then are of those, with all rules that were compared. It has to be done anew for each new checkpoint; with
`--tables` and nothing else it leaves the tables out.
"""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import doctor_norms
from benchmarks.doctor_sets import Part, SupportSets, load_parts
from mlcore.data.episode import LabeledSet
from mlcore.evaluation.doctor import mislabelled
from mlcore.evaluation.leave_one_out import leave_one_out
from mlcore.evaluation.next_picture import MORE, gains_of, spread_of, what_to_add
from mlcore.evaluation.norms import NORMS, Norms, norms_of
from mlcore.methods import prototypical
from mlcore.methods.base import FewShotMethod

Rule = Callable[[FewShotMethod, LabeledSet, Norms], Tensor]
"""Scores the classes of a support set, (n_way,): the highest is to be added to."""
SEED = 15
TABLES = ("planted", "added", "unequal", "others")
PLANTED = {
    "photos": ((5, 5, 5), (5, 3, 3), (3, 5, 5), (10, 5, 5), (5, 2, 6)),
    "characters": ((5, 5, 5), (5, 3, 3), (10, 3, 6)),
}
ADDED = {"photos": ((5, 1, 5), (5, 2, 4), (5, 3, 3), (10, 1, 5)), "characters": ((10, 1, 5), (10, 2, 2), (14, 1, 5))}
"""n_way, and the fewest and the most pictures of a class."""
DRAWS = 2
"""How often other pictures are added to the same support set."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is usual if asked to, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("photos", "characters"), required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument("--features", type=Path, help="folder to keep features in, or to find them")
    parser.add_argument("--episodes", type=int, default=500, help="support sets of each row")
    parser.add_argument("--measure", action="store_true", help="measure what is usual first, on the choosing classes")
    parser.add_argument("--out", type=Path, default=NORMS, help="file to keep what is usual in")
    parser.add_argument("--tables", choices=TABLES, nargs="*", default=TABLES, help="(default: all)")
    parser.add_argument("--calibrating", type=int, default=15, help="classes of the photos that report")
    options = parser.parse_args(arguments)
    method, choosing, reporting = load_parts(
        options.kind, options.data_root, options.onnx, options.features, n_reporting=options.calibrating
    )
    norms, part, rules = norms_of(options.kind), reporting, {NAMED: RULES[NAMED]}
    if options.measure:
        norms, part, rules = doctor_norms.measure(method, choosing, n_sets=options.episodes), choosing, RULES
        _keep(options.out, options.kind, norms)
    print(f"{len(part.classes)} classes of {part.name}, seed {SEED}, {options.episodes} support sets a row")
    if "planted" in options.tables:
        print_planted(part, norms, PLANTED[options.kind], options.episodes)
    if "added" in options.tables:
        print_added(method, part, norms, ADDED[options.kind], options.episodes, rules)
    if "unequal" in options.tables:
        print_unequal(method, part, ADDED[options.kind], options.episodes)
    if "others" in options.tables:
        doctor_norms.print_others(method, part, norms, n_sets=options.episodes)


def _keep(file: Path, kind: str, norms: Norms) -> None:
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    file.write_text(json.dumps({**kept, kind: asdict(norms)}, indent=2) + "\n", encoding="utf-8")


def print_planted(part: Part, norms: Norms, settings: Sequence[tuple[int, int, int]], n_sets: int) -> None:
    """Print how often a planted label is named first, named at all, and how often a sound set is doubted."""
    print("\n| support set | wrong one named first % | named at all % | sound sets doubted % |\n|---|---|---|---|")
    for n_way, fewest, maximum in settings:
        if not part.holds(n_way, maximum):
            continue
        sets = SupportSets(part, n_way, fewest, maximum, seed=SEED)
        first, named, doubted = [], [], []
        for drawn in sets.draw(n_sets):
            doubted.append(bool(mislabelled(drawn.support, norms)))
            place, support = sets.with_wrong_label(drawn.support)
            places = [finding.places[0] for finding in mislabelled(support, norms)]
            first.append(places[:1] == [place])
            named.append(place in places)
        cells = " | ".join(_share(flags) for flags in (first, named, doubted))
        print(f"| {_words(n_way, fewest, maximum)} | {cells} |", flush=True)


def print_added(
    method: FewShotMethod,
    part: Part,
    norms: Norms,
    settings: Sequence[tuple[int, int, int]],
    n_sets: int,
    rules: dict[str, Rule],
) -> None:
    """Print what two more pictures gain in the class that each rule names, and in one at random, in points."""
    print(
        f"\n| support set | rule | {MORE} more there | {MORE} more at random | paired difference |\n" + "|---" * 5 + "|"
    )
    for n_way, fewest, maximum in settings:
        if not part.holds(n_way, maximum + DRAWS * MORE):
            continue
        gains, scores = list[Tensor](), {name: list[Tensor]() for name in rules}
        for drawn in SupportSets(part, n_way, fewest, maximum, seed=SEED, n_more=DRAWS * MORE).draw(n_sets):
            gains.append(drawn.gains(method, n_more=MORE))
            for name, rule in rules.items():
                scores[name].append(rule(method, drawn.support, norms))
        gained = torch.stack(gains)
        for name, scored in scores.items():
            named = gained.gather(1, torch.stack(scored).argmax(1, keepdim=True))[:, 0]
            ahead = _points(named - gained.mean(1))
            cells = f"{100 * named.mean():+.2f} | {100 * gained.mean():+.2f} | {ahead}"
            print(f"| {_words(n_way, fewest, maximum)} | {name} | {cells} |", flush=True)


def print_unequal(method: FewShotMethod, part: Part, settings: Sequence[tuple[int, int, int]], n_sets: int) -> None:
    """Print the accuracy under unequal shots, by how much of what chance adds to distances is taken off them."""
    shares = (0.0, 0.5, prototypical.UNEQUAL, 1.0)
    print("\n| support set | " + " | ".join(f"{share:g} taken off" for share in shares) + " |\n" + "|---" * 5 + "|")
    chosen = prototypical.UNEQUAL
    for n_way, fewest, maximum in settings:
        if fewest == maximum or not part.holds(n_way, maximum):
            continue
        sets = list(SupportSets(part, n_way, fewest, maximum, seed=SEED).draw(n_sets))
        accuracies = []
        for share in shares:
            prototypical.UNEQUAL = share
            accuracies.append(torch.tensor([drawn.accuracy(method, drawn.support) for drawn in sets]))
        prototypical.UNEQUAL = chosen
        cells = [f"{100 * mine.mean():.2f} ({_points(mine - accuracies[0])})" for mine in accuracies[1:]]
        print(
            f"| {_words(n_way, fewest, maximum)} | {100 * accuracies[0].mean():.2f} | {' | '.join(cells)} |", flush=True
        )


def _few(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    return -support.shots.double()


def _scattered(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    return spread_of(support, norms).scatter


def _close(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    spread = spread_of(support, norms)
    confusion = spread.confusion(spread.shots)
    return confusion.sum(0) + confusion.sum(1)


def _left_out(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    """Score by the mistakes in leaving one out, those of a class and those that it is taken for, by its pictures."""
    confusion = leave_one_out(method, support).confusion.double()
    mistakes = confusion.sum(0) + confusion.sum(1) - 2 * confusion.diagonal()
    return torch.where(support.shots > 1, mistakes / support.shots, math.inf)


def _margin(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    """Score by how unlikely the own class is in leaving one out, on average; a class of one picture comes first."""
    measured = leave_one_out(method, support)
    own = measured.probabilities.gather(1, measured.labels.unsqueeze(1))[:, 0].clamp(min=1e-9).log().double()
    asked = torch.bincount(measured.labels, minlength=support.n_way)
    sums = torch.zeros(support.n_way, dtype=torch.float64).index_add(0, measured.labels, -own)
    return torch.where(asked > 0, sums / asked.clamp(min=1), math.inf)


def _named(method: FewShotMethod, support: LabeledSet, norms: Norms) -> Tensor:
    need = what_to_add(support, norms)
    gains = gains_of(spread_of(support, norms))
    return gains if need is None else gains.index_fill(0, torch.tensor(need.label), math.inf)


NAMED = "expected confusion (named)"
"""The rule that `what_to_add` goes by."""
RULES: dict[str, Rule] = {
    "fewest pictures": _few,
    "widest scatter": _scattered,
    "closest to others": _close,
    "mistakes, leaving one out": _left_out,
    "likelihood, leaving one out": _margin,
    NAMED: _named,
}


def _words(n_way: int, fewest: int, maximum: int) -> str:
    return f"{n_way}-way, {fewest} each" if fewest == maximum else f"{n_way}-way, {fewest} to {maximum} each"


def _share(flags: Sequence[bool]) -> str:
    share = sum(flags) / len(flags)
    return f"{100 * share:.1f} ± {196 * math.sqrt(share * (1 - share) / len(flags)):.1f}"


def _points(paired: Tensor) -> str:
    return f"{100 * paired.mean():+.2f} ± {196 * paired.double().std() / math.sqrt(len(paired)):.2f}"


if __name__ == "__main__":
    main()
