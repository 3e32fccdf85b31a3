"""The commands on faces: `python -m mlcore faces train | evaluate`."""

import argparse
from collections.abc import Sequence

from mlcore.cli.options import (
    add_dataset,
    add_fields,
    add_machine,
    add_run,
    chosen,
    command_line,
    data_of,
    from_options,
    print_figures,
)
from mlcore.faces.config import FACE_LOSSES, FACE_NETWORKS, FaceNetworkConfig, FaceTrainingConfig

DEFAULT_LOSS = "arcface"


def add_faces(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Offer the commands; what is asked for decides which loss's options there are."""
    loss = chosen(arguments, "--loss", FACE_LOSSES, default=DEFAULT_LOSS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a face embedding on a data set of people"), loss=loss)
    _add_evaluate(commands.add_parser("evaluate", help="measure how well an embedding tells people apart"))


def _add_train(parser: argparse.ArgumentParser, *, loss: str) -> None:
    parser.add_argument("--loss", choices=FACE_LOSSES, default=DEFAULT_LOSS, help="each has options of its own below")
    add_dataset(parser, split="train")
    _add_people(parser)
    add_fields(parser.add_argument_group("training"), FaceTrainingConfig)
    add_fields(parser.add_argument_group("backbone"), FaceNetworkConfig, prefix="backbone-", backbones=FACE_NETWORKS)
    add_fields(parser.add_argument_group(f"loss {loss}"), FACE_LOSSES[loss].config)
    add_machine(parser)
    add_run(parser)
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
    from mlcore.cli.commands.train_faces import TrainFacesCommand

    backbone = from_options(FaceNetworkConfig, options, prefix="backbone_")
    command = TrainFacesCommand(
        out=options.out,
        name=options.name or options.out.name,
        loss=options.loss,
        loss_config=from_options(FACE_LOSSES[options.loss].config, options, backbone=backbone),
        training=from_options(FaceTrainingConfig, options),
        dataset=options.dataset,
        data=data_of(options),
        validation_split=options.validation_split,
        align=options.align is not False,
        device=options.device,
        threads=options.threads,
        resume=options.resume,
        events=options.events,
        leave_gpu_mb=options.leave_gpu_mb,
        licence=options.licence,
        credit=options.credit,
        command=command_line(options.arguments),
    )
    if options.estimate is None:
        command.run()
    else:
        print_figures(command.estimate(max(options.estimate, 1)), as_json=True)


def _evaluate(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.evaluate_faces import EvaluateFacesCommand

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
