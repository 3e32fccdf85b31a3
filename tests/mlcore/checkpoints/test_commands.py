"""A card's command tells how to make its checkpoint again, and nothing of the machine that made it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlcore.checkpoints.card import ModelCard, pretrained_cards
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.checkpoints.commands import portable
from tests.checkpoints.candidates import tiny


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("python -m mlcore train --out /srv/site/runs/7/checkpoint", "python -m mlcore train --out checkpoint"),
        ("python -m mlcore train --out=/srv/site/a", "python -m mlcore train --out=a"),
        (
            "python -m mlcore train --data-root '/srv/a b/c d' --seed 1",
            "python -m mlcore train --data-root 'c d' --seed 1",
        ),
        ("python -m mlcore train --out {here}/runs/a", "python -m mlcore train --out runs/a"),
        ("mlcore train --out /a/b && mlcore calibrate /a/b", "mlcore train --out b && mlcore calibrate b"),
        (r"mlcore train --out 'C:\site\runs\a'", "mlcore train --out a"),
        ("mlcore train --out file:///srv/site/a", "mlcore train --out a"),
        ("mlcore train --data-root /", "mlcore train --data-root FOLDER"),
        (
            "mlcore train --data-root ../data --credit 'A/B, 1/2'",
            "mlcore train --data-root ../data --credit 'A/B, 1/2'",
        ),
        ("mlcore train --out '/srv/site and no more", ""),
        ("mlcore train --credit 'by Ada (https://example.org/ada), CC BY/4.0' --lr 1/2", None),
        ("DATA=/srv/ada/x python -m mlcore train", ""),
        ("mlcore train --data-root a,/srv/ada/x", ""),
        ("mlcore train --data-root here:/srv/ada/x", ""),
        ("""mlcore train --config '{"root": "/srv/ada"}'""", ""),
        ("""mlcore train --config '{"root":"/srv/ada"}'""", ""),
        (r"""mlcore train --config '{"root":"C:\\ada\\x"}'""", ""),
        ("cd /srv/ada/x; mlcore train --out a", ""),
        ("cd /srv/ada/x && mlcore train --out a", "cd x && mlcore train --out a"),
        ("mlcore train >/srv/ada/log", ""),
        ("mlcore train --data-root=@/srv/ada/x", ""),
        ("mlcore train --data-root a,file:///srv/ada/x", ""),
    ],
)
def test_absolute_paths_are_written_from_the_current_folder_or_by_their_last_part(
    command: str, written: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = command if written is None else written
    assert portable(command.replace("{here}", str(tmp_path))) == written
    assert portable(written) == written


def test_every_maker_of_cards_writes_it_so(tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    card = ModelCard.read(folder)
    assert replace(card, command=f"mlcore train --out {folder}").command == "mlcore train --out tiny"
    old = card.to_json().replace('"command": ""', f'"command": "mlcore train --out {folder}"')
    (folder / "card.json").write_text(old)
    assert load_checkpoint(folder).card == replace(card, command="mlcore train --out tiny")


def test_the_commands_of_those_that_ship_are_as_they_were_typed() -> None:
    for card in pretrained_cards().values():
        assert not any(word.lstrip("'\"").startswith("/") for word in card.command.replace("=", " ").split())
