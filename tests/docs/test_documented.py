"""No command of the documentation escapes the finder."""

import pytest

from tests.docs.documented import PAGES, commands_in, documented_commands

PAGE = """
Type `.venv/bin/python manage.py ingest_dataset NAME
--zip FILE`, which is not `mlcore/methods/`, or

    python -m mlcore train --steps 2 \\
        --out "my runs"  # a comment

```sh
TOKEN=$(python manage.py create_api_token ada)
python -m benchmarks.photos --data-root DIR && python -m mlcore card photos
```

| bar | command |
|---|---|
| 1 | `python manage.py sweep x [--pause | --at 03:00]` |
"""

PLANTED = [
    (5, "mlcore", ("train", "--steps", "2", "--out", "my runs")),
    (9, "manage.py", ("create_api_token", "ada")),
    (10, "benchmarks.photos", ("--data-root", "DIR")),
    (10, "mlcore", ("card", "photos")),
    (2, "manage.py", ("ingest_dataset", "NAME", "--zip", "FILE")),
    (15, "manage.py", ("sweep", "x")),
    (15, "manage.py", ("sweep", "x", "--pause")),
    (15, "manage.py", ("sweep", "x", "--at", "03:00")),
]


def test_commands_are_found_wherever_people_read_them() -> None:
    commands = commands_in(PAGE, "page.md")
    assert [(command.line, command.program, command.arguments) for command in commands] == PLANTED
    assert [command.id for command in commands[-3:]] == ["page.md:15", "page.md:15-2", "page.md:15-3"]


@pytest.mark.parametrize("code", ["mlcore train --method NAME", "python benchmarks/photos.py", "ruby -m mlcore train"])
def test_what_names_a_command_and_cannot_be_typed_is_an_error(code: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md:1: .* cannot be read"):
        commands_in(f"`{code}`", "page.md")


def test_every_page_has_its_commands_found_but_those_without_any() -> None:
    assert {*PAGES} - {command.page for command in documented_commands()} == {
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/faq.md",
        "docs/licences.md",
        "docs/privacy.md",
    }
