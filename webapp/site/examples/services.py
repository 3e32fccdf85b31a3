"""Make an example one's own: its support set, a classifier that learns it, a prediction of its queries."""

from django.core.files.base import ContentFile

from webapp.accounts.models import Owner
from webapp.recognition import services as recognition
from webapp.recognition.models import Classifier, Prediction
from webapp.site.examples.catalogue import Example


def start_example(*, owner: Owner, example: Example) -> Classifier:
    """Copy an example into a support set of the owner, and start to learn it."""
    support_set = recognition.create_support_set(owner=owner, name=str(example.title))
    for subject, names in example.support_names.items():
        files = [_picture(example, name) for name in names]
        recognition.add_images(support_set=support_set, class_name=str(example.classes[subject]), files=files)
    return recognition.start_classifier(owner=owner, support_set=support_set, checkpoint=example.kind)


def ask_example(*, classifier: Classifier, example: Example) -> Prediction:
    """Start the prediction of the example's queries."""
    files = [_picture(example, name) for name in example.query_names]
    return recognition.start_prediction(owner=classifier.owner, classifier=classifier, files=files)


def _picture(example: Example, name: str) -> ContentFile[bytes]:
    file = example.file(name)
    return ContentFile(file.read_bytes(), name=file.name)
