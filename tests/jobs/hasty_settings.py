"""Settings of a test whose leases run out quickly."""

from tests.settings import *  # noqa: F403

GLIMPSE_JOBS = {"lease_seconds": 2.0, "renew_seconds": 0.5, "resend_seconds": 1.0}
GLIMPSE_CLOCK = {"webapp.jobs.services.sweep": 0.5}
