"""What tests of processes share with those of data sets."""

from tests.datasets.conftest import long_lease

__all__ = ["long_lease"]
