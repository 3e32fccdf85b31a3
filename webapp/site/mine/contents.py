"""What a copy of somebody's things says of them, as plain values; pictures are put beside by `copies.py`.

Left out, and `README.txt` says so: the secrets of tokens, of which only a hash is kept; the adapted states of
classifiers, which learning makes anew; and of faces the 128 numbers and the crops, since a copy with these would itself
be biometric data of the people in a gallery, in a file that nothing erases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from webapp.accounts.models import ApiToken, Owner
from webapp.faces.models import Consent, Person
from webapp.recognition.models import Classifier, Prediction, SupportImage, SupportSet

PAGE = 100
"""How many predictions are read at once."""
README = """This is a copy of what you have at Glimpse.

account.json         your account and your API tokens, without their secrets, of which only a hash is kept
support-sets.json    your support sets, their classes in your order, and which file each picture is
support-sets/        a zip of each: import it into a support set at Glimpse, and its classes are made again
classifiers.json     what you had learned, how, and what it said of your own pictures; press Learn to have it again
predictions.jsonl    what was answered, a prediction a line, and which pictures of yours are still kept
queries/             these pictures
faces.json           your consents, and who is in your gallery and until when

Not in it: the numbers and the crops that a gallery keeps of faces. They are biometric data of other people, and this
file would keep them for longer than they agreed to.
"""


def account(owner: Owner) -> dict[str, Any]:
    """Return who the owner is and what tokens they have."""
    user = owner.user
    known = {"username": user.username, "email": user.email, "joined": user.date_joined} if user else {"guest": True}
    fields = ("name", "scope", "created", "expires", "last_used")
    tokens = list(ApiToken.objects.owned_by(owner).values(*fields))
    return {**known, "since": owner.created, "last_seen": owner.last_seen, "api_tokens": tokens}


def support_set(row: SupportSet, zip_name: str) -> dict[str, Any]:
    """Return a support set without its pictures."""
    known = {"id": row.pk, "name": row.name, "created": row.created, "zip": zip_name}
    return {**known, "may_improve_models": row.may_improve_models}


def picture(row: SupportImage, path: str) -> dict[str, Any]:
    """Return a picture of a class, and its path in the zip of its support set."""
    known = {"id": row.pk, "file": path, "original_name": row.original_name, "created": row.created}
    return {**known, "width": row.width, "height": row.height}


def classifiers(owner: Owner) -> list[dict[str, Any]]:
    """Return what was learned."""
    fields = ("id", "name", "status", "created", "finished", "class_names", "n_images", "kind_reason", "error")
    more = {"support_set": "support_set_id", "checkpoint": "checkpoint__name", "kind": "checkpoint__kind"}
    more |= {"answers_about_own_pictures": "quality__answers", "found": "examination__findings"}
    rows = Classifier.objects.owned_by(owner).values(*fields, *more.values())
    return [{**{name: row[name] for name in fields}, **{new: row[old] for new, old in more.items()}} for row in rows]


def predictions(owner: Owner) -> Iterator[Prediction]:
    """Yield what was asked, with its queries, a page at a time.

    A cursor would stay open from one portion of an answer to the next, while other threads go on with the answer and
    its own thread serves others: none of these could write, and the answer ended with the thread's connection.
    """
    rows = Prediction.objects.owned_by(owner).order_by("created", "pk").prefetch_related("queries")
    page = list(rows[:PAGE])
    while page:
        yield from page
        later = Q(created__gt=page[-1].created) | Q(created=page[-1].created, pk__gt=page[-1].pk)
        page = list(rows.filter(later)[:PAGE])


def prediction(row: Prediction, files: dict[Any, str]) -> dict[str, Any]:
    """Return what was answered; ``files`` are the paths, in the copy, of pictures that are still kept."""
    queries = [
        {
            "id": query.pk,
            "original_name": query.original_name,
            "file": files.get(query.pk),
            "result": query.result,
            "corrected_to": query.corrected_to or None,
        }
        for query in row.queries.all()
    ]
    known = {"id": row.pk, "classifier": row.classifier_id, "status": row.status, "created": row.created}
    return {**known, "refused": row.refused, "queries": queries}


def faces(owner: Owner) -> dict[str, Any]:
    """Return the consents, and who is in the gallery, without anything of a face."""
    consents = list(Consent.objects.owned_by(owner).values("version", "given", "withdrawn", "gallery"))
    people = [
        {"name": person.name, "created": person.created, "expires": person.expires, "faces": person.faces.count()}
        for person in Person.objects.owned_by(owner)
    ]
    return {"consents": consents, "gallery": people}
