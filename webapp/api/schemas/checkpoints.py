"""What of a checkpoint and its card comes out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field, FiniteFloat

from webapp.checkpoints.models import Checkpoint


class MeasuredOut(Schema):
    """How well a checkpoint did by one protocol."""

    protocol: str
    dataset: str = ""
    accuracy: FiniteFloat | None = None
    ci95: FiniteFloat | None = Field(None, description="Half the width of the 95 % interval")
    ece: FiniteFloat | None = Field(None, description="Expected calibration error")
    episodes: int | None = None
    seed: int | None = None
    steps: int | None = Field(None, description="Inner steps of adapting")
    adapt_seconds: FiniteFloat | None = None
    transductive: bool = Field(False, description="Whether the queries of an episode were normalised together")
    lost: FiniteFloat | None = Field(None, description="Share of episodes in which adapting lost its way")


class CardOut(Schema):
    """What a checkpoint's card says for everybody: not what it was made from, nor on which machine by which command."""

    name: str
    kind: str
    method: str
    config: dict[str, Any] = Field({}, description="Settings of the method")
    transform: str = Field("", description="What becomes of a picture before the backbone")
    digest: str = Field("", description="SHA-256 of the weights")
    temperature: FiniteFloat = 1.0
    temperature_growth: FiniteFloat = 0.0
    not_sure_below: FiniteFloat = Field(0.6, description="Confidence below which no class should be named alone")
    familiarity: dict[str, Any] = Field(
        {}, description="How pictures of none of the classes are told, and what each threshold costs; empty where not"
    )
    parameters: int = 0
    created: str = ""
    licence: str = ""
    credit: str = ""
    results: list[MeasuredOut] = []


class CheckpointOut(Schema):
    """A checkpoint that classifiers can stand on."""

    id: UUID
    name: str
    kind: str
    method: str = Field(examples=["prototypical"])
    live: bool = Field(description="Whether the kind's name means this checkpoint")
    created: datetime
    card: CardOut | None = Field(description="Null where its card is damaged")

    @staticmethod
    def resolve_card(checkpoint: Checkpoint) -> CardOut | None:
        """Return what is for everybody; one damaged card is no reason to show none."""
        return None if checkpoint.is_damaged else CardOut.model_validate(checkpoint.card)
