"""The pages of data sets."""

from webapp.datasets.admin.datasets import DatasetAdmin as DatasetAdmin
from webapp.datasets.admin.datasets import DatasetVersionAdmin as DatasetVersionAdmin
