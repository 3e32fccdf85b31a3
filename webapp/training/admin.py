"""The pages of staff on training: runs, sweeps, schedules."""

from webapp.training.runs.admin import TrainingRunAdmin as TrainingRunAdmin
from webapp.training.schedules.admin import ScheduleAdmin as ScheduleAdmin
from webapp.training.sweeps.admin import SweepAdmin as SweepAdmin
