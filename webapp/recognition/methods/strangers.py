"""What a checkpoint's card says of pictures of none of the classes, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mlcore.checkpoints.operating_points import point_for
from webapp.recognition.models import Classifier

HARD = 0.4
"""The share of strangers that pass from which on it is said that there are too few pictures to tell."""


def strangers_in_words(classifier: Classifier) -> str:
    """Return in words how often “none of these” is wrong and how often missing, at a classifier's ways and shots."""
    points = (classifier.checkpoint.card.get("familiarity") or {}).get("points")
    shots = [len(of_class) for of_class in classifier.image_ids]
    if not points or not shots or not all(shots):
        return _("This method does not tell pictures of none of your classes: it names the likeliest one always.")
    point = point_for(points, shots)
    refusal = point.refusal()
    sentence = ngettext(
        "Of pictures of your own classes about %(refused)d in 100 are wrongly called “none of these”, and of pictures"
        " of other, similar things about %(passed)d in 100 are not noticed: so it was for %(ways)d classes of one"
        " picture each, on pictures that it had never seen.",
        "Of pictures of your own classes about %(refused)d in 100 are wrongly called “none of these”, and of pictures"
        " of other, similar things about %(passed)d in 100 are not noticed: so it was for %(ways)d classes of"
        " %(shots)d pictures each, on pictures that it had never seen.",
        point.k_shot,
    )
    words = sentence % {
        "refused": round(100 * refusal.refused),
        "passed": round(100 * refusal.passed),
        "ways": point.n_way,
        "shots": point.k_shot,
    }
    if refusal.passed <= HARD:
        return words
    return f"{words} {_('That is many: with more pictures of each class, strangers are told better.')}"
