"""What tests of data sets have as well."""

from tests.datasets.conftest import _end_decoder, limit, long_lease

__all__ = ["_end_decoder", "limit", "long_lease"]
