"""The settings of a run in plain words: what each is called, and what more or less of it does."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mlcore.config import BACKBONES, VIEWS
from mlcore.faces.config import FACE_LOSSES, FACE_NETWORKS, FACES
from mlcore.method_config import NORMS
from webapp.training.models.runs import RunSettings


class Words(NamedTuple):
    """A label, and a sentence of help."""

    label: str | Promise
    help: str | Promise = ""


# A setting by its name; where it means something else in one method, that method's name comes before it, or `faces`.
WORDS: dict[str, Words] = {
    "n_way": Words(_("Classes in an episode"), _("More make training harder, and what is learned better. At least 2.")),
    "k_shot": Words(_("Examples of each class"), _("How many pictures of a class are shown before it asks.")),
    "n_query": Words(_("Questions about each class"), _("More tell more in each step, and make it slower.")),
    "within_group": Words(
        _("Classes of one group only"),
        _("All classes of an episode come from one alphabet."),
    ),
    "one_author": Words(_("Examples by one hand, questions by another"), _("For data sets that know who drew what.")),
    "grouped_share": Words(_("Share of hard episodes"), _("0 to 1: how many take their classes group by group.")),
    "n_rotations": Words(_("Turned pictures as classes"), _("4 makes every quarter turn a class, 1 does not.")),
    "steps": Words(_("Steps at most"), _("The run ends after so many steps, or by the clock if that comes first.")),
    "max_minutes": Words(_("Minutes at most"), _("The run ends by the clock. 0 lets the steps alone decide.")),
    "episodes_per_step": Words(_("Episodes in a step"), _("More make steps steadier, slower and hungrier for memory.")),
    "outer_lr": Words(_("Size of a step"), _("Too large, and the loss explodes; too small, and nothing moves.")),
    "weight_decay": Words(_("Pull towards zero"), _("Keeps weights small. 0 is none.")),
    "clip_norm": Words(_("Longest step"), _("Cuts steps that are longer. 0 cuts none.")),
    "degraded_copies": Words(
        _("Spoilt copies of a picture"),
        _("0 to 10, for characters: blurred, thin or noisy ones."),
    ),
    "degraded_share": Words(_("Share of spoilt copies"), _("0 to 1: how often one is drawn instead.")),
    "affine": Words(_("Shaking of pictures"), _("0 is none, 1 the usual: small turns, shifts and stretches.")),
    "warped_share": Words(_("Share of warped episodes"), _("0 to 1: all their pictures are turned and slanted alike.")),
    "optimizer": Words(_("Rule of the steps"), _("adam suits most methods; sgd is plainer and wants larger steps.")),
    "precision": Words(_("Precision"), _("bfloat16 is faster where the processor knows it; float32 is exact.")),
    "validate_every": Words(_("Steps between two measurements"), _("Each is a point of the accuracy curve.")),
    "validation_episodes": Words(_("Episodes of a measurement"), _("More make the band around the curve narrower.")),
    "save_every": Words(_("Steps between two kept states"), _("A run that breaks off loses no more than these.")),
    "seed": Words(_("Seed of chance"), _("The same seed and settings give the same run on the same processor.")),
    "backbone.name": Words(_("Network"), _("conv4 is small and quick. A pretrained one suits photos.")),
    "backbone.width": Words(_("Width of the network"), _("Twice as wide takes about four times as long.")),
    "backbone.in_channels": Words(_("Colours of a picture"), _("1 for drawings, 3 for photos.")),
    "backbone.image_size": Words(_("Side of a picture, in pixels")),
    "adapter": Words(_("Units on top of a pretrained network"), _("Only these are trained. 0 has none.")),
    "views": Words(_("Views of a picture that are averaged"), _("wobble is slower to answer and a little surer.")),
    "distance": Words(_("Distance"), _("euclidean as published, or cosine.")),
    "relation.distance": Words(_("Count the distance too"), _("Adds it to what compares two pictures.")),
    "take_turns": Words(_("Every picture takes its turn as example"), _("Learns more from each episode.")),
    "shrinkage": Words(_("Smoothing of the spread"), _("Above 0, at most 1; 1 ignores the spread.")),
    "adapts": Words(_("Part that adapts"), _("all of the network, or the head alone, which is quicker.")),
    "head_init": Words(_("Where the last layer starts"), _("From the examples' averages, or one shared beginning.")),
    "inner_lr": Words(_("Size of an inner step"), _("How far it moves on the examples of one episode.")),
    "rates": Words(_("What has a size of step of its own"), _("fixed: nothing. The others learn their sizes too.")),
    "inner_steps": Words(_("Inner steps in training"), _("More adapt better, and take that many times as long.")),
    "adapt_steps": Words(_("Steps on a person's pictures"), _("At most so many when somebody presses Learn.")),
    "first_order": Words(_("Leave second derivatives out"), _("About twice as fast, nearly as good.")),
    "first_order_share": Words(_("Share without second derivatives"), _("0 to 1: how much of the run begins so.")),
    "multi_step_share": Words(_("Share that judges every inner step"), _("0 to 1: steadies the beginning of a run.")),
    "norm": Words(_("What brightness and contrast are evened out by"), _("running is what most papers do.")),
    "relation.norm": Words(_("What the comparison is evened out by"), _("group, or batch as published.")),
    "inner_optimizer": Words(_("Rule of the inner steps"), _("adam or sgd.")),
    "inner_batch": Words(_("Pictures to an inner step"), _("0 takes all of them.")),
    "adapt_lr": Words(_("Size of a step on a person's pictures")),
    "adapt_decay": Words(_("Pull of the last layer towards zero")),
    "scale": Words(_("Weight of a likeness")),
    "width": Words(_("Width of the part that compares")),
    "hidden": Words(_("Units of its last part")),
    "loss": Words(_("What training makes small")),
    "groups": Words(_("Groups evened out apart"), _("A divisor of the width.")),
    "difference": Words(_("Show the difference too")),
    "full_context": Words(_("Look over all pictures together"), _("Slower; sees each in the light of the others.")),
    "context_size": Words(_("Numbers that a picture is summed up in for that")),
    "context_steps": Words(_("Looks at the examples for each answer")),
    "margin": Words(_("Distance that two classes are to keep"), _("For the contrastive loss.")),
    "people_per_step": Words(_("People in a step"), _("At most as many as the data set trains on.")),
    "pictures_per_person": Words(_("Pictures of each"), _("2 or more, so that there is somebody to recognise.")),
    "lr": Words(_("Size of a step"), _("Too large, and the loss explodes; too small, and nothing moves.")),
    "jitter": Words(_("Shaking of pictures"), _("0 is none, 1 the usual. A head on the default embedder has none.")),
    "backbone.embedding_size": Words(_("Numbers that a face is summed up in"), _("128 with a head.")),
    "faces.backbone.name": Words(
        _("Network"),
        _("mobilefacenet learns from scratch. A head corrects the default embedder, and needs fewer people."),
    ),
    "faces.backbone.width": Words(
        _("Width of the network"), _("Twice as wide takes about three times as long; a head is quick.")
    ),
    "contrastive.margin": Words(_("Distance that two people are to keep"), _("2 is as far apart as can be.")),
    "triplet.margin": Words(_("By how much a stranger is to be further away"), _("In squared distance.")),
    "sphereface.margin": Words(_("What angles are multiplied with"), _("1, 2, 3 or 4.")),
    "cosface.margin": Words(_("What is taken from a likeness"), _("Of one's own cosine, while it trains.")),
    "arcface.margin": Words(_("What is added to an angle"), _("In radians, while it trains.")),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": ("adam", "sgd"),
    "precision": ("float32", "bfloat16"),
    "backbone.name": tuple(BACKBONES),
    "views": VIEWS,
    "prototypical.distance": ("euclidean", "cosine"),
    "adapts": ("all", "head"),
    "head_init": ("prototypes", "shared"),
    "rates": ("fixed", "parameter", "layer_step"),
    "norm": NORMS,
    "relation.norm": ("group", "batch"),
    "inner_optimizer": ("adam", "sgd"),
    "relation.loss": ("squared_error", "cross_entropy"),
    "siamese.loss": ("logistic", "contrastive"),
}


def words_of(method: str, name: str) -> Words:
    """Find the words for a setting; one without goes by its field's name."""
    plain = name.replace("_", " ").replace(".", ", ").capitalize()
    of_faces = WORDS.get(f"{FACES}.{name}") if method in FACE_LOSSES else None
    return WORDS.get(f"{method}.{name}") or of_faces or WORDS.get(name) or Words(plain)


def label_of(method: str, place: str) -> str:
    """Give what a setting is called, by its place: `training.outer_lr`, `backbone.width`, `method.backbone.width`."""
    name = place if place.startswith("backbone.") else place.partition(".")[2]
    return str(words_of(method, name).label)


def choices_of(method: str, name: str) -> tuple[str, ...]:
    """List the values that a setting in letters may have; nothing where any may."""
    if method in FACE_LOSSES and name == "backbone.name":
        return tuple(FACE_NETWORKS)
    return CHOICES.get(f"{method}.{name}") or CHOICES.get(name, ())


def spelled_out(run: RunSettings) -> list[tuple[str, str]]:
    """Return every setting of a run in words, with its value."""
    backbone = {f"backbone.{name}": value for name, value in run.method_config.get("backbone", {}).items()}
    own = {name: value for name, value in run.method_config.items() if name != "backbone"}
    settings = {**run.episodes, **run.training, **backbone, **own}
    return [(str(words_of(run.method, name).label), value_in_words(value)) for name, value in settings.items()]


def value_in_words(value: object) -> str:
    """Write the value of a setting."""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
