"""Remember in the session which classifiers came from an example, so that their page asks the example's queries."""

from django.http import HttpRequest
from django.urls import reverse

from webapp.recognition.models import Classifier
from webapp.site.examples.catalogue import EXAMPLES

KEY = "examples"


def remember_example(request: HttpRequest, classifier: Classifier, slug: str) -> None:
    """Note that the classifier came from an example."""
    request.session[KEY] = {**request.session.get(KEY, {}), str(classifier.id): slug}


def example_queries_url(request: HttpRequest, classifier: Classifier) -> str:
    """Return the address that asks an example's queries; empty if the classifier came from no example."""
    slug = request.session.get(KEY, {}).get(str(classifier.id))
    return reverse("example_queries", args=[slug, classifier.id]) if slug in EXAMPLES else ""
