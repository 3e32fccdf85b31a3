"""Addresses of the pages on faces, below /faces/."""

from django.urls import path

from webapp.faces.views import consent, gallery, questions

PERSON = "people/<uuid:person_id>/"
QUESTION = "questions/<uuid:question_id>/"

urlpatterns = [
    path("", consent.notice, name="faces"),
    path("consent/", consent.agree, name="face_consent"),
    path("withdraw/", consent.withdraw, name="face_withdraw"),
    path("verify/", questions.verify, name="face_verify"),
    path("identify/", questions.identify, name="face_identify"),
    path(QUESTION, questions.show, name="face_question"),
    path(f"{QUESTION}status/", questions.status, name="face_question_status"),
    path(f"{QUESTION}delete/", questions.delete, name="face_question_delete"),
    path(f"{QUESTION}keep/", gallery.keep_doubtful, name="face_keep_doubtful"),
    path("gallery/", gallery.show, name="face_gallery"),
    path("gallery/start/", gallery.start, name="face_gallery_start"),
    path("people/", gallery.add, name="face_person_add"),
    path(f"{PERSON}rename/", gallery.rename, name="face_person_rename"),
    path(f"{PERSON}delete/", gallery.remove, name="face_person_delete"),
    path(f"{PERSON}photos/", gallery.enrol, name="face_enrol"),
    path("kept/<uuid:face_id>/", gallery.crop, name="face_crop"),
    path("kept/<uuid:face_id>/delete/", gallery.remove_face, name="face_delete"),
]
