"""What a model card may hold, key by key: one schema for the library, its commands and the site.

Standard library only. It bounds every length and every number, so that whoever shows a card need not ask again.
"""

from mlcore.schemas import EMPTY, AnyOf, Flag, Keyed, Listed, Maybe, Number, Plain, Record, Schema, Text, Whole

SHARE = Number(0, 1)
KIND = Text(50, "[a-z0-9_-]{1,50}", "small letters, digits, - and _, at most 50 of them")
LONG = Text(100_000)
"""What earlier versions wrote without a bound; a card of today keeps less of it."""
NAME = Text(300, r"[^\n]*\S[^\n]*", "one line of text")
DIGEST = Text(64)
CLASS_NAMES = Maybe(Listed(Text(1000), 100_000))
"""Null where it is not known which classes they were, or where they take more than a card has room for."""
LEARNED: dict[str, Schema] = {"name": Text(), "split": Text(), "class_names": CLASS_NAMES}
DATA = Record(
    optional={
        **LEARNED,
        **dict.fromkeys(("validation_split", "fingerprint", "calibration"), Text()),
        **dict.fromkeys(("classes", "pictures", "validation_overlap", "not_found"), Whole()),
    },
    others=Plain(2),
)
ORIGIN: dict[str, Schema] = {"name": NAME, "digest": DIGEST}
SETTINGS = Plain(3)
TRAINING = Record(
    optional={
        "start_from": Maybe(Record(ORIGIN)),
        "ancestors": Listed(Record(ORIGIN, {"data": Record(optional=LEARNED)})),
        "episodes": Keyed(SETTINGS),
        "config": Keyed(SETTINGS),
        "validation": Record(optional={"accuracy": SHARE, "ci95": SHARE, "step": Number(0)}, others=Number()),
        "diverged": SHARE,
        "minutes": Number(0, 1e7),
        "seed": Whole(-(2**53)),
        **dict.fromkeys(("device", "torch", "machine", "learned_here"), Text()),
    },
    others=Plain(2),
)
RESULT = Record(
    optional={
        "dataset": Text(),
        "protocol": Text(),
        "accuracy": SHARE,
        "ci95": Maybe(SHARE),
        "ece": Maybe(SHARE),
        "lost": Number(-1, 1),
        "episodes": Whole(),
        "steps": Whole(),
        "seed": Whole(-(2**53)),
        "adapt_seconds": Number(0, 1e6),
        "transductive": Flag(),
        "command": Text(4000),
    },
    others=Plain(2),
)
PACKAGE = Record(optional={"version": Text(), "sha256": Text()}, others=Text())
REFUSAL = Record({"refused": SHARE, "threshold": SHARE, "passed": SHARE})
POINT = Record(
    {
        "n_way": Whole(1, 10_000),
        "k_shot": Whole(1, 10_000),
        **dict.fromkeys(("auroc", "sure_above", "kept"), SHARE),
        "refusals": Listed(REFUSAL, 20, 1),
    }
)
FAMILIARITY = Record(
    {
        "weights": Listed(Number(-1e6, 1e6), 7, 7),
        **dict.fromkeys(("bank", "bank_digest", "dataset"), Text()),
        "points": Listed(POINT, 100, 1),
    }
)
CARD = Record(
    required={"name": NAME, "kind": KIND, "method": Text(), "config": Keyed(SETTINGS), "transform": Text()},
    optional={
        "digest": DIGEST,
        "temperature": Number(1e-6, 1e6),
        "temperature_growth": Number(-20, 20),
        "not_sure_below": SHARE,
        "familiarity": AnyOf((FAMILIARITY, EMPTY)),
        "parameters": Whole(),
        "data": DATA,
        "training": TRAINING,
        "results": Listed(RESULT),
        "packages": Keyed(PACKAGE, 20),
        "command": LONG,
        "created": Text(),
        "licence": Text(1000),
        "credit": Text(2000),
        "notes": LONG,
    },
)
"""The keys of `card.json`."""
