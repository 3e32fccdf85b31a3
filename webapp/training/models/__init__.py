"""Meta-training runs, and the sweeps and schedules that start them."""

from webapp.training.models.runs import RunEstimate as RunEstimate
from webapp.training.models.runs import TrainingRun as TrainingRun
from webapp.training.models.schedules import Occasion as Occasion
from webapp.training.models.schedules import Schedule as Schedule
from webapp.training.models.sweeps import Strategy as Strategy
from webapp.training.models.sweeps import Sweep as Sweep
