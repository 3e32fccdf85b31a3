"""The commands on faces: `python -m mlcore faces train | evaluate`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mlcore.faces.config import FACE_LOSSES, FaceNetworkConfig, FaceTrainingConfig
from mlcore.options import (
    add_dataset,
    add_fields,
    add_machine,
    add_parent,
    chosen,
    command_line,
    data_of,
    from_options,
    print_figures,
)

DEFAULT_LOSS = "arcface"


def add_faces(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Offer the commands; what is asked for decides which loss's options there are."""
    loss = chosen(arguments, "--loss", FACE_LOSSES, default=DEFAULT_LOSS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a face embedding on a data set of people"), loss=loss)
    _add_evaluate(commands.add_parser("evaluate", help="measure how well an embedding tells people apart"))


def _add_train(parser: argparse.ArgumentParser, *, loss: str) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--loss", choices=FACE_LOSSES, default=DEFAULT_LOSS, help="each has options of its own below")
    parser.add_argument("--name", help="name on the card (default: the folder's)")
    add_dataset(parser, split="train")
    _add_people(parser)
    add_fields(parser.add_argument_group("training"), FaceTrainingConfig)
    add_fields(parser.add_argument_group("network"), FaceNetworkConfig, prefix="network-")
    add_fields(parser.add_argument_group(f"loss {loss}"), FACE_LOSSES[loss].config)
    add_machine(parser)
    parser.add_argument(
        "--resume", type=Path, help="go on from a training state, or the newest of a folder (OUT/states); else from 0"
    )
    add_parent(parser)
    parser.add_argument("--events", type=Path, help="file to append what happens to, one JSON object a line")
    parser.add_argument("--licence", default="", help="licence of the weights, for the card")
    parser.add_argument("--credit", default="", help="whom to credit, for the card")
    parser.set_defaults(run=_train)


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--validation-split", default="val", help="other people, who choose (default: %(default)s)")
    parser.add_argument(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="find the face of each picture and align it, or take pictures whole (default: align)",
    )


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a folder, or `default` for the default embedder")
    add_dataset(parser, split="test")
    _add_people(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1000, help="draws of people, for the intervals")
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_evaluate)


def _train(options: argparse.Namespace) -> None:
    from mlcore.commands.train_faces import TrainFacesCommand

    TrainFacesCommand(
        out=options.out,
        name=options.name or options.out.name,
        network=from_options(FaceNetworkConfig, options, prefix="network_"),
        loss=options.loss,
        loss_config=from_options(FACE_LOSSES[options.loss].config, options),
        training=from_options(FaceTrainingConfig, options),
        dataset=options.dataset,
        data=data_of(options),
        validation_split=options.validation_split,
        align=options.align is not False,
        device=options.device,
        threads=options.threads,
        resume=options.resume,
        events=options.events,
        licence=options.licence,
        credit=options.credit,
        command=command_line(options),
    ).run()


def _evaluate(options: argparse.Namespace) -> None:
    from mlcore.commands.evaluate_faces import EvaluateFacesCommand

    result = EvaluateFacesCommand(
        checkpoint=options.checkpoint,
        dataset=options.dataset,
        data=data_of(options),
        validation_split=options.validation_split,
        align=options.align,
        seed=options.seed,
        draws=options.draws,
        device=options.device,
        threads=options.threads,
    ).run()
    print_figures(result, as_json=options.json)
