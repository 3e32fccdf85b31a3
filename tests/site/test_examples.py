"""The example pictures ship."""

import pytest

from webapp.site.examples.catalogue import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_picture_has_its_file(example: Example) -> None:
    names = [*example.query_names, *(name for names in example.support_names.values() for name in names)]
    assert [name for name in names if not example.file(name).is_file()] == []
    assert len(list(example.file(names[0]).parent.iterdir())) == len(names)
