"""`python -m mlcore settings`: every setting of a run as a page of Markdown, made of the configs themselves."""

from collections.abc import Iterator
from dataclasses import MISSING

from mlcore.run_config import FaceRunConfig, MetaRunConfig, RunConfig
from mlcore.settings import Setting

HEAD = """# Settings of a run

The name is what a run's JSON and `--set` call a setting; `python -m mlcore train --help` shows its option.
"""
TABLE = ["| name | | what it does | may be | default |", "|---|---|---|---|---|"]


def settings_page() -> str:
    return "\n".join([HEAD, *_about(MetaRunConfig), *_about(FaceRunConfig)])


def _about(config: type[RunConfig]) -> Iterator[str]:
    """Yield the lines on what a command takes: what every run has, then what each method has of its own."""
    command = "faces train" if config is FaceRunConfig else "train"
    shared, choice = config.all_settings(), config.settings()["method"]
    own = {method: _own(config, method) for method in choice.choices}
    yield from [f"## `mlcore {command}`", "", *TABLE]
    yield from (_row(setting) for name, setting in shared.items() if not _is_own(name))
    for method, settings in own.items():
        yield from ["", f"### {choice.option or choice.name} `{method}`", "", *TABLE, *map(_row, settings)]
    yield ""


def _own(config: type[RunConfig], method: str) -> list[Setting]:
    return [setting for name, setting in config.all_settings({"method": method}).items() if _is_own(name)]


def _is_own(name: str) -> bool:
    return name.rpartition(".")[0] == "method_config"


def _row(setting: Setting) -> str:
    default = "" if setting.default in (MISSING, None, "") else f"`{setting.text(setting.default)}`"
    return f"| `{setting.name}` | {setting.label} | {setting.help} | {setting.requirement} | {default} |"
