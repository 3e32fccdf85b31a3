"""The command line: `python -m mlcore train | calibrate | evaluate | faces | dataset | card | export | …`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mlcore.cli.faces import add_faces
from mlcore.cli.options import (
    add_dataset,
    add_machine,
    add_onnx,
    add_parent,
    add_run,
    command_line,
    data_of,
    print_figures,
    print_json,
)
from mlcore.cli.run_options import add_run_config, repeating, run_config_of
from mlcore.config import BACKBONES, SHAPES, VIEWS, EpisodeConfig
from mlcore.errors import CheckpointError, MlcoreError, Stopped
from mlcore.run_config import MetaRunConfig
from mlcore.training.run_folder import end_with_parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 an error to be mended, 2 wrong usage, 143 stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser(words).parse_args(words, argparse.Namespace(arguments=tuple(words)))
        if getattr(options, "end_with_parent", None) is not None:
            end_with_parent(options.end_with_parent)  # first of all: torch takes its time to load
        options.run(options)
    except MlcoreError as error:
        print(f"mlcore: {error}", file=sys.stderr)
        return 143 if isinstance(error, Stopped) else 1
    except KeyboardInterrupt:
        print("mlcore: stopped", file=sys.stderr)
        return 130
    return 0


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlcore", description="Few-shot learning from the command line.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="meta-train a method and save its checkpoint", allow_abbrev=False)
    _add_train(train, arguments if arguments[:1] == ["train"] else ())
    _add_calibrate(commands.add_parser("calibrate", help="choose how a checkpoint serves and refit its temperature"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a checkpoint over episodes"))
    _add_compare(commands.add_parser("compare", help="measure one checkpoint against another in the same episodes"))
    add_faces(commands.add_parser("faces", help="train and measure face embeddings"), arguments)
    listing = commands.add_parser("dataset", help="print as JSON what a data set holds")
    add_dataset(listing, purpose="train")
    listing.add_argument("--splits", nargs="+", metavar="SPLIT", help="several splits, instead of the one of --split")
    listing.add_argument("--contact-sheet", type=Path, help="JPEG to write, with samples of the classes")
    add_parent(listing)
    listing.set_defaults(run=_dataset)
    settings = commands.add_parser("settings", help="print every setting of a run as a page of Markdown")
    settings.set_defaults(run=_settings)
    card = commands.add_parser("card", help="print a checkpoint's card")
    card.add_argument("checkpoint", help="a folder, or the name of one that ships")
    card.set_defaults(run=_card)
    outgoing = commands.add_parser("export-checkpoint", help="write a checkpoint as one zip")
    outgoing.add_argument("checkpoint", help="a folder, or the name of one that ships")
    outgoing.add_argument("--out", type=Path, required=True, help="the zip to write")
    outgoing.set_defaults(run=_export_checkpoint)
    incoming = commands.add_parser(
        "import-checkpoint", help="unpack a checkpoint's zip, if it is sound; print its card"
    )
    incoming.add_argument("zip", type=Path)
    incoming.add_argument("--out", type=Path, required=True, help="folder to make")
    incoming.add_argument("--memory-mb", type=int, help="memory that trying it may take (default: whatever there is)")
    add_parent(incoming)
    incoming.set_defaults(run=_import_checkpoint)
    export = commands.add_parser("export", help="write a pretrained backbone as ONNX, for fast serving on a CPU")
    export.add_argument("--out", type=Path, required=True, help="folder to write to; a file that is up to date is kept")
    pretrained = [name for name, backbone in BACKBONES.items() if backbone.pretrained]
    export.add_argument(
        "--backbone", choices=pretrained, default=SHAPES["photos"].backbone, help="(default: %(default)s)"
    )
    export.set_defaults(run=_export)
    return parser


def _add_train(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    add_run_config(parser, MetaRunConfig, arguments)
    add_onnx(parser)
    add_machine(parser)
    parser.add_argument(
        "--processes", default="1", metavar="N", help="share each step's episodes among N; auto: one a GPU (default: 1)"
    )
    add_run(parser)
    parser.set_defaults(run=_train)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    _add_serving(parser)
    add_dataset(parser, purpose="validate")
    parser.set_defaults(run=_calibrate)


def _add_serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a folder, or the name of one that ships")
    parser.add_argument("--views", choices=VIEWS, help="test-time views instead of the card's")
    add_onnx(parser)
    add_machine(parser)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_serving(parser)
    _add_exam(parser)
    parser.add_argument("--within-alphabet", action="store_true", help="draw the classes of an episode from one group")
    parser.add_argument("--one-drawer", action="store_true", help="all support by one author, all queries by one other")
    parser.add_argument(
        "--n-rotations",
        type=int,
        default=1,
        help="4 makes every quarter turn of a picture a class of its own",
    )
    parser.add_argument(
        "--degrade", default="none", help="spoil every picture first: a name in mlcore.data.corruptions, or several"
    )
    parser.add_argument(
        "--transductive", action="store_true", help="normalise by the query batch's statistics, as some papers do"
    )
    parser.set_defaults(run=_evaluate)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a folder, or the name of one that ships")
    parser.add_argument("--against", required=True, help="the one that it is measured against, of the same kind")
    _add_exam(parser)
    add_onnx(parser)
    add_machine(parser)
    add_parent(parser)
    parser.set_defaults(run=_compare)


def _add_exam(parser: argparse.ArgumentParser) -> None:
    add_dataset(parser, purpose="test")
    parser.add_argument("--n-way", type=int, default=5)
    parser.add_argument("--k-shot", type=int, default=1)
    parser.add_argument("--n-query", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _train(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.train import TrainCommand

    run = run_config_of(MetaRunConfig, options)
    command = TrainCommand(
        config=run,
        out=options.out,
        device=options.device,
        threads=options.threads,
        processes=options.processes,
        onnx_folder=options.onnx,
        resume=options.resume,
        events=options.events,
        leave_gpu_mb=options.leave_gpu_mb,
        arguments=repeating(options, run),
    )
    if options.estimate is None:
        command.run()
    else:
        print(json.dumps(command.estimate(max(options.estimate, 1))))


def _calibrate(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.calibrate import CalibrateCommand

    card = CalibrateCommand(
        checkpoint=options.checkpoint,
        dataset=options.dataset,
        data=data_of(options),
        views=options.views,
        device=options.device,
        threads=options.threads,
        onnx_folder=options.onnx,
        command=command_line(options.arguments),
    ).run()
    print(f"temperature {card.temperature:.4f}")


def _evaluate(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.evaluate import EvaluateCommand

    result = EvaluateCommand(
        checkpoint=options.checkpoint,
        dataset=options.dataset,
        data=data_of(options),
        episodes=EpisodeConfig(
            n_way=options.n_way,
            k_shot=options.k_shot,
            n_query=options.n_query,
            within_group=options.within_alphabet,
            one_author=options.one_drawer,
            n_rotations=options.n_rotations,
        ),
        n_episodes=options.episodes,
        seed=options.seed,
        corruption=options.degrade,
        transductive=options.transductive,
        views=options.views,
        device=options.device,
        threads=options.threads,
        onnx_folder=options.onnx,
    ).run()
    print_figures(result, as_json=options.json)


def _compare(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.compare import CompareCommand

    result = CompareCommand(
        checkpoint=options.checkpoint,
        against=options.against,
        dataset=options.dataset,
        data=data_of(options),
        episodes=EpisodeConfig(n_way=options.n_way, k_shot=options.k_shot, n_query=options.n_query),
        n_episodes=options.episodes,
        seed=options.seed,
        device=options.device,
        threads=options.threads,
        onnx_folder=options.onnx,
    ).run()
    print_figures(result, as_json=options.json)


def _dataset(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.dataset import DatasetCommand

    data = data_of(options)
    splits = options.splits or [data.split]
    command = DatasetCommand(dataset=options.dataset, data=data, splits=splits, sheet=options.contact_sheet)
    print_json(command.run())


def _settings(options: argparse.Namespace) -> None:
    from mlcore.cli.commands.settings import settings_page

    print(settings_page(), end="")


def _card(options: argparse.Namespace) -> None:
    from mlcore.checkpoints.card import ModelCard
    from mlcore.checkpoints.checkpoint import find_checkpoint

    print(ModelCard.read(find_checkpoint(options.checkpoint)).to_json(), end="")


def _export_checkpoint(options: argparse.Namespace) -> None:
    from mlcore.checkpoints.archive import export_checkpoint
    from mlcore.checkpoints.checkpoint import find_checkpoint

    export_checkpoint(find_checkpoint(options.checkpoint), options.out)


def _import_checkpoint(options: argparse.Namespace) -> None:
    from mlcore.checkpoints.archive import import_checkpoint
    from mlcore.devices import limit_memory

    if options.memory_mb is not None:
        limit_memory(megabytes=options.memory_mb)
    try:
        print_json(import_checkpoint(options.zip, options.out).to_dict())
    except MemoryError as error:
        raise CheckpointError("trying it takes more memory than it may have") from error


def _export(options: argparse.Namespace) -> None:
    from mlcore.backbones.efficientnet_lite import export_onnx

    print(export_onnx(options.out, options.backbone))
