"""Whose turn it is in a queue: owners take turns, each with one job, so nobody waits for more than one of another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Place:
    """What the place of a job in its queue goes by; `owner` is None for a job that nobody owns."""

    job: UUID
    owner: UUID | None
    status: str
    created: datetime
    sent_at: datetime | None
    started: datetime | None

    @property
    def is_running(self) -> bool:
        """Return whether it is worked on, and waits no longer."""
        return self.status == "running"

    @property
    def whose(self) -> UUID:
        """Return by whom it takes its turn: a job that nobody owns takes turns by itself."""
        return self.owner or self.job

    @property
    def rank(self) -> tuple[bool, bool, datetime, str]:
        """Return what sorts the jobs of one owner: what runs, what was sent, what was made earlier."""
        return not self.is_running, self.sent_at is None, self.created, str(self.job)


class Queue:
    """The jobs of one queue that wait or run."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._of_owner: dict[UUID, list[Place]] = {}
        for place in sorted(places, key=lambda place: place.rank):
            self._of_owner.setdefault(place.whose, []).append(place)
        self._turns = {
            place.job: (round_, *_standing(places[0]))
            for places in self._of_owner.values()
            for round_, place in enumerate(places)
        }
        self._running = {place.job for places in self._of_owner.values() for place in places if place.is_running}

    @property
    def is_busy(self) -> bool:
        """Return whether any of its jobs is worked on."""
        return bool(self._running)

    def is_first_of_its_owner(self, job: UUID) -> bool:
        """Return whether no other job of the same owner comes before this one."""
        return job not in self._turns or self._turns[job][0] == 0

    def n_before(self, job: UUID) -> int:
        """Return how many waiting jobs come before this one: of each other owner about as many as of its own."""
        turn = self._turns.get(job)
        return sum(other < turn for key, other in self._turns.items() if key not in self._running) if turn else 0


def _standing(head: Place) -> tuple[bool, datetime, str]:
    """Return what sorts owners within a round: since when the first job of each has run or waited for a worker."""
    since = head.started if head.is_running else head.sent_at
    return not head.is_running, since or head.created, str(head.job)
