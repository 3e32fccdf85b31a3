"""A method of the tests' own whose inner loop does nothing but take its time, or diverge."""

from __future__ import annotations

import time
from dataclasses import dataclass

from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.errors import AdaptationError
from mlcore.method_config import RegisteredMethod
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.base import Adaptation, Watch, unwatched
from mlcore.methods.prototypical import PrototypeClassifier, Prototypical
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class StepwiseConfig(PrototypicalConfig):
    """How many steps it takes, each ``pause`` seconds long; diverges_at: the step at which it fails, 0 for none."""

    adapt_steps: int = setting(5, minimum=0, label="Steps", help="As many are counted.")
    pause: float = setting(0.0, minimum=0, label="Pause", help="Seconds that a step takes.")
    diverges_at: int = setting(0, minimum=0, label="Diverges at", help="The step that fails; 0 for none.")


class Stepwise(Prototypical):
    """Prototypical networks that count to a number first."""

    config: StepwiseConfig

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> PrototypeClassifier:
        """Count, telling the watch."""
        loss = 1.0
        for step in range(1, self.config.adapt_steps + 1):
            if step == self.config.diverges_at:
                raise AdaptationError(f"the loss is {loss} at step {step}; lower inner_lr")
            time.sleep(self.config.pause)
            loss = 1 / step
            watch(step, self.config.adapt_steps, loss)
        classifier = super().adapt_features(support)
        classifier.adaptation = Adaptation(self.config.adapt_steps, loss)
        return classifier

    def restore(self, state: dict[str, Tensor]) -> PrototypeClassifier:
        return super().restore(state)


REGISTERED = RegisteredMethod(path="tests.recognition.stepwise.Stepwise", config=StepwiseConfig)
