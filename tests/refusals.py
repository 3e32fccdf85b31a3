"""That something is refused, with which code, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from webapp.core.errors import Code, UserError


@contextmanager
def refused(code: Code, *, match: str | None = None) -> Iterator[pytest.ExceptionInfo[UserError]]:
    """Expect a UserError with this code out of the block."""
    with pytest.raises(UserError, match=match) as caught:
        yield caught
    assert caught.value.code == code
