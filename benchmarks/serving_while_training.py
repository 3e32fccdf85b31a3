"""Does the site stay alive while a run trains beside it?

    python -m benchmarks.serving_while_training

Starts the site as `make run` does, asks about photos while nothing else goes on, then starts a run of prototypical
networks on strokes and asks again. Each row has its bar; a busy machine blurs them, so its load is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.live_run import rows_of, start, step, wait
from benchmarks.running_site import Person, photo, running_site
from benchmarks.serving import Row, machine, p50, p95

WAYS, SHOTS = 5, 5


def asked(person: Person, classifier: str, queries: int) -> list[float]:
    """Ask about photos, one after the other; return the seconds of each."""
    pictures = [photo(1600, 1200, seed) for seed in range(4)]
    answers = [person.ask(classifier, pictures[number % 4]) for number in range(queries)]
    assert all(answer.status_code == 200 for _seconds, answer in answers)
    return [seconds for seconds, _answer in answers]


def serving_rows(person: Person, queries: int) -> list[Row]:
    """Ask with and without a run beside."""
    classes = {f"thing {way}": [photo(800, 600, way * 100 + shot) for shot in range(SHOTS)] for way in range(WAYS)}
    _support_set, classifier, _seconds = person.teach(classes, "photos")
    asked(person, classifier, 3)
    idle = asked(person, classifier, queries)
    run = start()
    wait(run, lambda run: run.latest.get("step", 0) > 0)
    before = step(run)
    busy = asked(person, classifier, queries)
    trained = f"the run took {step(run) - before:.0f} steps meanwhile"
    return [
        Row("one photo, nothing beside, p50", p50(idle), "ms", None, f"p95 {p95(idle):.0f} ms"),
        Row("one photo while a run trains, p50", p50(busy), "ms", 3 * p50(idle), trained),
        Row("one photo while a run trains, p95", p95(busy), "ms", 2000),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--queries", type=int, default=60, help="without a run beside, and again with one (%(default)s)"
    )
    queries = parser.parse_args(arguments).queries
    print(f"before: {machine()}", flush=True)
    with running_site() as site, rows_of(site):
        for row in serving_rows(site.person("asker"), queries):
            print(row, flush=True)
    print(f"after:  {machine()}")


if __name__ == "__main__":
    main()
