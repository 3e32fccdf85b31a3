"""The tests, in folders that mirror those of the code."""

import pytest

pytest.register_assert_rewrite("tests.running", "tests.programs", "tests.stack")
