"""Documented commands made small: placeholders filled, data of the working folder, options that take a second or two.

A command keeps every option that it documents. Those of `SMALL` replace a value of the same name, or are added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.docs.documented import Command

STROKES = "--kind characters --dataset strokes --n-classes 6 --split train --validation-split val"
FILLED: dict[tuple[str, str], str] = {
    ("--by", "USERNAME"): "ada",
    ("--by", "WHO"): "ada",
    ("--checkpoint", "DIR"): "tiny",
    ("--data-root", "DIR"): "omniglot",
    ("--dataset", "NAME"): "signs",
    ("--loss", "NAME"): "triplet",
    ("--method", "NAME"): "maml",
    ("--reason", "…"): "better",
    ("--site", "WHEELS"): "no_wheels",
    ("--zip", "FILE"): "signs.zip",
    ("ingest_dataset", "NAME"): "Drawn",
    ("publish_checkpoint", "NAME"): "new",
    ("rollback_checkpoint", "KIND"): "characters",
    ("start_training_run", "NAME"): "Mine",
    ("--start-from", "runs/characters-first"): "characters",
    ("train", "…"): f"{STROKES} --backbone-image-size 56 --out runs/shared",
}
"""What a placeholder stands for, by the word before it; `RUN_ID` is known only when there is a run."""

FOLDERS = {"DIR/": "", "../shared/data/": "", "/tmp/": "", "DATA_DIR/": "data/"}
"""Folders of the documentation, as they lie in the working folder."""

PLACEHOLDER = re.compile(r"…|[A-Z][A-Z_]{2,}\b")

ON_ONE_CORE = "--threads 1 --device cpu"
LITTLE_TRAINING = (
    "--steps 2 --episodes-per-step 1 --n-way 2 --n-query 1 --validate-every 2 --validation-n-way 2 "
    f"--validation-episodes 2 --backbone-width 8 {ON_ONE_CORE}"
)
SMALL: dict[str, str] = {
    "mlcore train": LITTLE_TRAINING,
    "mlcore train --method matching --kind photos": "--split all --validation-split all --allow-overlap",
    "mlcore train --config": "--n-classes 6",
    "torchrun train": LITTLE_TRAINING,
    "mlcore evaluate": f"--episodes 2 --views none {ON_ONE_CORE}",
    "mlcore compare": f"--episodes 2 --against characters-anil {ON_ONE_CORE}",
    "mlcore faces train": f"--steps 2 --validate-every 2 --backbone-width 8 --no-align {ON_ONE_CORE}",
    "mlcore faces evaluate": f"--draws 10 --no-align {ON_ONE_CORE}",
    "benchmarks.characters": "--checkpoint tiny --episodes 2 --degradations inverted",
    "benchmarks.face_losses": "--network scratch --loss arcface --steps 1 --draws 10 --no-align",
    "benchmarks.gpu": "--device cpu --processes 1 --only prototypical",
    "benchmarks.gpu --site": "--only command",
    "benchmarks.doctor": "--episodes 2 --calibrating 2 --out norms.json",
    "benchmarks.doctor --kind photos": "--data-root few_photos",
    "benchmarks.faces_card": "--fars 0.5 --pairs 20 --draws 10 --out card.json",
    "benchmarks.faces_detection": "--every 32",
    "benchmarks.faces_gallery": "--sizes 2 --draws 5",
    "benchmarks.faces_serving": "--rounds 1 --gallery 40 --large-side 1000 --seconds-apart 0",
    "benchmarks.faces_speed": "--repeats 1 --large-side 1000",
    "benchmarks.methods": "--episodes 2 --repeats 1",
    "benchmarks.methods --kind characters": "--checkpoint tiny",
    "benchmarks.methods --kind photos": "--checkpoint photos-baseline --split all",
    "benchmarks.none_of_these": "--data-root . --episodes 2 --ways 2 --reporting 4",
    "benchmarks.photo_networks": "--episodes 2 --reporting 2",
    "benchmarks.photos": "--data-root few_photos --episodes 2 --queries 1 --reporting 2 --repeats 1",
    "benchmarks.photos_checkpoint": "--episodes 2 --reporting 2",
    "benchmarks.quality": "--episodes 2 --queries 1 --most-ways 5",
    "benchmarks.quality --kind characters": "--checkpoint tiny",
    "benchmarks.quality --kind photos": "--checkpoint photos-prototypical --choosing",
    "benchmarks.sampling": "--n-way 5 --rounds 1 --episodes 1",
    "benchmarks.serving": (
        "--rounds 1 --queries 1 --page-seconds 1 --ask-seconds 1 --pages 1 --uploads 1 --megapixels 1 --rest-seconds 0"
    ),
    "benchmarks.serving_while_training": "--queries 1",
    "benchmarks.strangers": "--seconds 1 --only 24",
    "benchmarks.stopping_runs": "--rounds 1 --save-every 2 --longest 0",
    "celery": "--help",
    "manage.py createsuperuser": "--noinput --username grace --email grace@example.org",
}
"""Options by the words that a command begins with or holds: program and subcommands, or an option with its value."""


def made_small(command: Command) -> tuple[str, ...]:
    """Return the arguments of a command that does the same on little."""
    arguments = list(filled(command))
    if "--help" in arguments:
        return tuple(arguments)
    for options in _fitting(command):
        arguments = _replaced(arguments, options.split())
    return tuple(arguments)


def filled(command: Command) -> tuple[str, ...]:
    """Return the arguments of a command as they are typed in the working folder."""
    words: list[str] = []
    for before, word in pairwise(("", *command.arguments)):
        if (before, word) in FILLED:
            words += FILLED[before, word].split()
        else:
            folder = next((name for name in FOLDERS if word.startswith(name)), "")
            words.append(FOLDERS.get(folder, "") + word.removeprefix(folder))
    return tuple(words)


def unfilled(command: Command) -> list[str]:
    """Return the words that are placeholders still, or lie outside of the working folder."""
    words = [word for word in made_small(command) if word != "RUN_ID"]
    return [word for word in words if PLACEHOLDER.search(word) or word.startswith(("/", ".."))]


def _fitting(command: Command) -> Iterator[str]:
    words = f"{command.program} {' '.join(command.arguments)} "
    return (options for key, options in SMALL.items() if words.startswith(f"{key} "))


def _replaced(arguments: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return arguments with options in place of those of the same names."""
    names = {word.replace("--no-", "--") for word in options if word.startswith("--")}
    kept: list[str] = []
    dropping = False
    for word in arguments:
        dropping = word in names if word.startswith("--") else dropping
        kept += [] if dropping else [word]
    return [*kept, *options]
