"""Everything that staff can do in training, and what recognition asks of it: one function for each.

All take keywords only, and raise ``webapp.training.errors.StaffError`` for what a member of staff can mend.
"""

from webapp.training.dataset_sources import Offered as Offered
from webapp.training.deletion import deletion_of as deletion_of
from webapp.training.services.checkpoints import find_checkpoint as find_checkpoint
from webapp.training.services.checkpoints import sync_shipped as sync_shipped
from webapp.training.services.checkpoints import valid_names as valid_names
from webapp.training.services.contributions import published_learners as published_learners
from webapp.training.services.contributions import withdraw as withdraw
from webapp.training.services.datasets import Material as Material
from webapp.training.services.datasets import add_version as add_version
from webapp.training.services.datasets import cancel_version as cancel_version
from webapp.training.services.datasets import create_dataset as create_dataset
from webapp.training.services.datasets import ingest as ingest
from webapp.training.services.datasets import require_ready as require_ready
from webapp.training.services.datasets import version_as_plain as version_as_plain
from webapp.training.services.deleting import delete as delete
from webapp.training.services.exchange import export_checkpoint as export_checkpoint
from webapp.training.services.exchange import import_checkpoint as import_checkpoint
from webapp.training.services.gate import Gate as Gate
from webapp.training.services.gate import gate_of as gate_of
from webapp.training.services.gate import measure as measure
from webapp.training.services.gate import stop_measuring as stop_measuring
from webapp.training.services.publishing import LEAST_WORDS as LEAST_WORDS
from webapp.training.services.publishing import named_checkpoint as named_checkpoint
from webapp.training.services.publishing import plain as plain
from webapp.training.services.publishing import publish as publish
from webapp.training.services.publishing import roll_back as roll_back
from webapp.training.services.publishing import successor as successor
from webapp.training.services.run_words import named_run as named_run
from webapp.training.services.run_words import named_version as named_version
from webapp.training.services.run_words import plain_run as plain_run
from webapp.training.services.run_words import run_in_words as run_in_words
from webapp.training.services.run_words import settings_from_words as settings_from_words
from webapp.training.services.runs import cancel_run as cancel_run
from webapp.training.services.runs import pause_run as pause_run
from webapp.training.services.runs import resume_run as resume_run
from webapp.training.services.runs import start_estimate as start_estimate
from webapp.training.services.runs import start_run as start_run
from webapp.training.services.schedules import add_schedule as add_schedule
from webapp.training.services.schedules import change_schedule as change_schedule
from webapp.training.services.schedules import delete_schedule as delete_schedule
from webapp.training.services.schedules import named_schedule as named_schedule
from webapp.training.services.schedules import pause_schedule as pause_schedule
from webapp.training.services.schedules import plain_schedule as plain_schedule
from webapp.training.services.schedules import resume_schedule as resume_schedule
from webapp.training.services.schedules import start_if_due as start_if_due
from webapp.training.services.sweeps import end_sweep as end_sweep
from webapp.training.services.sweeps import named_sweep as named_sweep
from webapp.training.services.sweeps import plain_sweep as plain_sweep
from webapp.training.services.sweeps import prune_trial as prune_trial
from webapp.training.services.sweeps import start_sweep as start_sweep
from webapp.training.services.sweeps import start_trial as start_trial
from webapp.training.services.sweeps import stop_sweep as stop_sweep
from webapp.training.stored_checkpoints import local_folder as local_folder
