"""What one owner has, of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from mlcore.checkpoints.card import ModelCard
from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.faces.models import Consent, EnrolledFace, FaceCrop, FaceQuestion, Person, QuestionKind
from webapp.jobs.models import JobStatus
from webapp.recognition.models import (
    Classifier,
    Examination,
    Prediction,
    Quality,
    Query,
    SupportClass,
    SupportImage,
    SupportSet,
    ZipImport,
)

from .client import picture


@dataclass(frozen=True)
class Belongings:
    """One thing of each kind."""

    support_set: SupportSet
    support_class: SupportClass
    image: SupportImage
    classifier: Classifier
    quality: Quality
    prediction: Prediction
    query: Query
    zip_import: ZipImport
    person: Person
    face: EnrolledFace
    questions: dict[str, FaceQuestion]


def checkpoint(name: str = "characters", kind: str = "characters", *, live: bool = True) -> Checkpoint:
    """Register a checkpoint that no worker could load."""
    results = [{"protocol": "5-way 1-shot", "accuracy": 0.99, "ci95": 0.01}]
    card = ModelCard(name=name, kind=kind, method="prototypical", config={}, transform=kind, results=results).to_dict()
    return Checkpoint.objects.create(name=name, kind=kind, folder=name, card=card, digest="0" * 64, live=live)


def support_image(support_class: SupportClass, name: str = "robin.png") -> SupportImage:
    """Add a picture to a class."""
    image = SupportImage(
        support_class=support_class, pixel_digest=name, width=32, height=32, bytes=200, original_name=name
    )
    image.file.save(f"{image.id}.png", ContentFile(picture().read()), save=False)
    image.thumbnail.save(f"{image.id}-thumbnail.png", ContentFile(picture().read()), save=False)
    image.save()
    return image


def learned(support_set: SupportSet, **fields: object) -> Classifier:
    """Make a classifier of the support set that is ready."""
    classes = list(support_set.classes.present())
    return Classifier.objects.create(
        support_set=support_set,
        owner=support_set.owner,
        name=support_set.name,
        checkpoint=Checkpoint.objects.filter(name="characters").first() or checkpoint(),
        class_names=[support_class.name for support_class in classes],
        image_ids=[[str(image.id) for image in support_class.images.present()] for support_class in classes],
        n_images=sum(support_class.images.present().count() for support_class in classes),
        **{"status": JobStatus.READY, "seconds": 0.5, "device": "cpu", "progress": 1.0, **fields},
    )


def measured(classifier: Classifier, *answers: tuple[str, int, int], **fields: object) -> Quality:
    """Make the quality of a classifier: of each picture its id, its class and what it was taken for."""
    rows = [{"image_id": image_id, "label": label, "answer": answer} for image_id, label, answer in answers]
    return Quality.objects.create(
        classifier=classifier,
        **{"answers": rows, "n_rounds": 2, "status": JobStatus.READY, "progress": 1.0, "seconds": 0.1, **fields},
    )


def answered(classifier: Classifier, *names: str) -> Prediction:
    """Make a prediction that is ready, with one query of each name, all taken for the first class."""
    prediction = Prediction.objects.create(
        classifier=classifier, owner=classifier.owner, status=JobStatus.READY, seconds=0.1
    )
    for position, name in enumerate(names):
        query = Query(
            prediction=prediction,
            position=position,
            pixel_digest=f"{prediction.id}{position}"[:64],
            width=32,
            height=32,
            bytes=200,
            original_name=name,
            result=result_of(classifier),
        )
        query.file.save(f"{query.id}.png", ContentFile(picture().read()), save=False)
        query.thumbnail.save(f"{query.id}-thumbnail.png", ContentFile(picture().read()), save=False)
        query.save()
    return prediction


def result_of(classifier: Classifier) -> dict[str, object]:
    """Return what a worker would write of a query that shows the first class."""
    first, *others = classifier.class_names
    return {
        "class_name": first,
        "confidence": 0.9,
        "sure": True,
        "scores": {first: 0.9, **{name: 0.1 / len(others) for name in others}},
        "nearest": [{"image_id": classifier.image_ids[0][0], "class_name": first, "similarity": 0.8}],
    }


def enrolled(owner: Owner, name: str = "Ada") -> EnrolledFace:
    """Enrol somebody with one face in a gallery, which the owner agrees to."""
    Consent.objects.get_or_create(owner=owner, gallery=True)
    person = Person.objects.create(owner=owner, name=name, expires=timezone.now() + timedelta(hours=24))
    face = EnrolledFace.objects.create(person=person, embedding=bytes(512))
    FaceCrop.objects.create(face=face, jpeg=picture().read())
    return face


def asked(face: EnrolledFace) -> dict[str, FaceQuestion]:
    """Make a question of each kind that is ready, about a photo with one face."""
    seen = {"left": 1, "top": 2, "right": 31, "bottom": 32, "landmarks": [[9.0, 9.0]] * 5, "confidence": 0.9}
    photo = {"width": 32, "height": 32, "faces": [{**seen, "notes": [], "crop": "data:image/jpeg;base64,"}]}
    answers = {
        QuestionKind.DETECT: {"photos": [photo]},
        QuestionKind.VERIFY: {"photos": [photo, photo], "scores": [[0.0]]},
        QuestionKind.IDENTIFY: {
            "photos": [photo],
            "nearest": [[{"person": str(face.person_id), "score": 0.0}]],
            "threshold": 0.5,
        },
        QuestionKind.ENROL: {"kept": [str(face.pk)], "refused": []},
    }
    return {
        kind.value: FaceQuestion.objects.create(
            owner=face.person.owner,
            kind=kind,
            answer=answer,
            status=JobStatus.READY,
            finished=timezone.now(),
            seconds=0.1,
        )
        for kind, answer in answers.items()
    }


def belongings_of(owner: Owner, mark: str = "") -> Belongings:
    """Return one thing of each kind, which all belong to an owner; every name that people choose begins with a mark."""
    support_set = SupportSet.objects.create(owner=owner, name=f"{mark}Garden birds")
    robin = SupportClass.objects.create(support_set=support_set, name=f"{mark}robin", position=0)
    wren = SupportClass.objects.create(support_set=support_set, name=f"{mark}wren", position=1)
    image = support_image(robin, f"{mark}robin.png")
    support_image(wren, f"{mark}wren.png")
    classifier = learned(support_set)
    Examination.objects.create(
        classifier=classifier,
        findings=[{"kind": "alike", "score": 0.3, "image_ids": [], "labels": [0, 1]}],
        need={"label": 0, "reason": "few", "close_to": 1, "gain": 0.1},
    )
    prediction = answered(classifier, f"{mark}query.png")
    face = enrolled(owner, f"{mark}Ada")
    return Belongings(
        support_set=support_set,
        support_class=robin,
        image=image,
        classifier=classifier,
        quality=measured(classifier, (str(image.pk), 0, 1)),
        prediction=prediction,
        query=prediction.queries.get(),
        zip_import=ZipImport.objects.create(
            support_set=support_set,
            status=JobStatus.READY,
            original_name=f"{mark}birds.zip",
            refused=[{"file": f"{mark}notes.txt", "reason": f"{mark}notes.txt is no picture."}],
        ),
        person=face.person,
        face=face,
        questions=asked(face),
    )
