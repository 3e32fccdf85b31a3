"""What a threshold means: the shares of pairs that were measured to pass and to be refused at it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mlcore.faces.card import Rate, face_card
from webapp.core.errors import UserError


@dataclass(frozen=True)
class Setting:
    """A threshold with both of its error rates."""

    threshold: float
    measured_far: Rate
    measured_frr: Rate
    measured_on: str

    @property
    def far(self) -> float:
        """Return the share of pairs of strangers that pass."""
        return self.measured_far.value

    @property
    def frr(self) -> float:
        """Return the share of pairs of the same person that are refused."""
        return self.measured_frr.value

    def passes(self, score: float) -> bool:
        """Return whether faces this alike pass as the same person."""
        return score >= self.threshold

    @property
    def sentence(self) -> str:
        """Return what the threshold does, and among whom that was measured."""
        return _("%(effect)s, measured on %(measured_on)s.") % {
            "effect": self.effect,
            "measured_on": self.measured_on,
        }

    @property
    def effect(self) -> str:
        """Return what the threshold does to pairs of strangers and to pairs of the same person, without a full stop."""
        words = _(
            "At this setting %(strangers)s pairs of strangers would pass, and %(same)s pairs of the same person would"
            " be refused"
        )
        strangers = rate_in_words(self.measured_far, least=face_card().least_far)
        return words % {"strangers": strangers, "same": rate_in_words(self.measured_frr)}

    @property
    def intervals(self) -> str:
        """Return how far off both shares may be."""
        words = _(
            "Among other people it may be %(far_low)s to %(far_high)s pairs of strangers, and %(frr_low)s to"
            " %(frr_high)s pairs of the same person (95 %% intervals over people)."
        )
        return words % {
            "far_low": share_in_words(self.measured_far.low, least=face_card().least_far),
            "far_high": share_in_words(self.measured_far.high, least=face_card().least_far),
            "frr_low": share_in_words(self.measured_frr.low),
            "frr_high": share_in_words(self.measured_frr.high),
        }

    @property
    def refused(self) -> str:
        """Return in words the share of pairs of the same person that would be refused."""
        return share_in_words(self.frr)


@dataclass(frozen=True)
class Scale:
    """The line that scores are drawn on, from end to end of the thresholds that were measured."""

    low: float
    high: float

    def at(self, score: float) -> float:
        """Return where a score lies, in percent; what lies beyond an end is drawn at it."""
        share = (score - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)


@dataclass(frozen=True)
class Offer:
    """A false-accept rate that people may choose; what the measured pairs cannot show has no setting."""

    far: float
    is_default: bool
    setting: Setting | None

    @property
    def words(self) -> str:
        """Return the rate in words."""
        return share_in_words(self.far)


def offers() -> list[Offer]:
    """Return the false-accept rates that people may choose from."""
    default = face_card().default_far
    return [Offer(far, far == default, _measured(far)) for far in face_card().offered_fars]


def require_offered(far: float | None) -> float:
    """Return the rate, or the default for None; raise UserError if it cannot be stated here."""
    rate = face_card().default_far if far is None else far
    offered = next((offer for offer in offers() if math.isclose(offer.far, rate)), None)
    if offered is None:
        choices = ", ".join(str(offer.far) for offer in offers() if offer.setting)
        raise UserError(
            "not_measurable", _("Choose one of these false-accept rates: %(choices)s.") % {"choices": choices}
        )
    if offered.setting is None:
        raise _not_measurable()
    return offered.far


def parse(text: str | None) -> float | None:
    """Read a rate from a form; raise UserError if it is no number."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UserError("not_measurable", _("A false-accept rate is a number, such as 0.01.")) from error


def setting_at(far: float | None) -> Setting:
    """Return the setting of a rate that is offered, or of the default."""
    measured = _measured(face_card().default_far if far is None else far)
    if measured is None:
        raise _not_measurable()
    return measured


def _not_measurable() -> UserError:
    return UserError(
        "not_measurable", _("This false-accept rate is not measurable here: too few pairs of people were compared.")
    )


def _measured(far: float) -> Setting | None:
    threshold = face_card().threshold_at(far)
    return None if threshold is None else setting(threshold)


def setting(threshold: float) -> Setting:
    """Return a threshold with its measured rates."""
    measured = face_card().rates_at(threshold)
    return Setting(threshold, measured.far, measured.frr, face_card().measured_on)


def curve() -> list[Setting]:
    """Return the settings that were measured, from the lowest threshold on."""
    card = face_card()
    return [Setting(point.threshold, point.far, point.frr, card.measured_on) for point in card.points]


def scale() -> Scale:
    """Return the line that scores are drawn on."""
    points = face_card().points
    return Scale(points[0].threshold, points[-1].threshold)


def rate_in_words(rate: Rate, *, least: float = 0.0) -> str:
    """Return a measured share in words: one that was not met among the pairs is stated by the end of its interval."""
    return share_in_words(rate.value, least=least if rate.value else max(least, rate.high))


def share_in_words(share: float, *, least: float = 0.0) -> str:
    """Return a share as "2 in 100", with as many pairs as it takes to name it.

    least: the smallest that could be told from none, below which no share is stated.
    """
    if share < least:
        return _("fewer than %(share)s") % {"share": share_in_words(least)}
    for whole in (100, 1_000, 10_000):
        if round(share * whole) >= 1:
            return _("%(n)s in %(whole)s") % {"n": number_format(round(share * whole)), "whole": grouped(whole)}
    return _("fewer than 1 in %(whole)s") % {"whole": grouped(10_000)}


def grouped(number: int) -> str:
    """Write a number with its thousands apart."""
    return number_format(number, use_l10n=True, force_grouping=True)
