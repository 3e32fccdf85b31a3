"""The commands on faces: `python -m mlcore faces train | evaluate`."""

import argparse
from collections.abc import Sequence

from mlcore.cli.options import add_dataset, add_machine, add_run, command_line, data_of, print_figures
from mlcore.cli.run_options import add_run_config, repeating, run_config_of
from mlcore.run_config import FaceRunConfig


def add_faces(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Offer the commands; what is asked for decides which loss's options there are."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a face embedding on a data set of people", allow_abbrev=False)
    _add_train(train, arguments if arguments[:2] == ["faces", "train"] else ())
    _add_evaluate(commands.add_parser("evaluate", help="measure how well an embedding tells people apart"))


def _add_train(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    add_run_config(parser, FaceRunConfig, arguments)
    add_machine(parser)
    add_run(parser)
    parser.set_defaults(run=_train)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a folder, or `default` for the default embedder")
    add_dataset(parser, purpose="test")
    parser.add_argument("--validation-split", default="val", help="other people, who choose (default: %(default)s)")
    parser.add_argument(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="find the face of each picture and align it, or take pictures whole (default: the card's)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1000, help="draws of people, for the intervals")
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_evaluate)


def _train(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.train_faces import TrainFacesCommand

    run = run_config_of(FaceRunConfig, options)
    command = TrainFacesCommand(
        config=run,
        out=options.out,
        device=options.device,
        threads=options.threads,
        resume=options.resume,
        events=options.events,
        leave_gpu_mb=options.leave_gpu_mb,
        command=command_line(repeating(options, run)),
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
