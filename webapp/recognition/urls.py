"""Addresses of the pages of upload and classify."""

from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from webapp.recognition.views import classifiers, findings, images, media, predictions, quality, support_sets

SET = "support-sets/<uuid:support_set_id>/"
CLASS = f"{SET}classes/<uuid:class_id>/"
IMAGE = f"{SET}images/<uuid:image_id>/"
IMPORT = "imports/<uuid:import_id>/"
CLASSIFIER = "classifiers/<uuid:classifier_id>/"
PREDICTION = "predictions/<uuid:prediction_id>/"

sentences = cache_control(max_age=3600)(JavaScriptCatalog.as_view(packages=["webapp.recognition"]))

urlpatterns = [
    path("my/", classifiers.my_classifiers, name="my_classifiers"),
    path("sentences.js", sentences, name="javascript_catalog"),
    path("support-sets/", support_sets.new, name="support_set_new"),
    path(SET, support_sets.show, name="support_set"),
    path(f"{SET}readiness/", support_sets.readiness, name="support_set_readiness"),
    path(f"{SET}rename/", support_sets.rename, name="support_set_rename"),
    path(f"{SET}improvement/", support_sets.allow_improvement, name="support_set_improvement"),
    path(f"{SET}delete/", support_sets.delete, name="support_set_delete"),
    path(f"{SET}learn/", support_sets.learn, name="support_set_learn"),
    path(f"{SET}import/", images.upload_zip, name="support_set_import"),
    path(f"{SET}classes/", support_sets.add_class, name="class_add"),
    path(f"{SET}order/", support_sets.order_classes, name="class_order"),
    path(f"{CLASS}rename/", support_sets.rename_class, name="class_rename"),
    path(f"{CLASS}delete/", support_sets.delete_class, name="class_delete"),
    path(f"{CLASS}restore/", support_sets.restore_class, name="class_restore"),
    path(f"{CLASS}images/", images.upload, name="class_images"),
    path(IMAGE, images.view, name="image"),
    path(f"{IMAGE}move/", images.move, name="image_move"),
    path(f"{IMAGE}delete/", images.delete, name="image_delete"),
    path(f"{IMAGE}restore/", images.restore, name="image_restore"),
    path(f"{SET}import/start/", images.import_upload, name="zip_upload_import"),
    path(f"{SET}import/discard/", images.discard_upload, name="zip_upload_discard"),
    path(f"{IMPORT}status/", images.import_status, name="zip_import_status"),
    path(f"{IMPORT}cancel/", images.cancel_import, name="zip_import_cancel"),
    path(CLASSIFIER, classifiers.show, name="classifier"),
    path(f"{CLASSIFIER}status/", classifiers.status, name="classifier_status"),
    path(f"{CLASSIFIER}cancel/", classifiers.cancel, name="classifier_cancel"),
    path(f"{CLASSIFIER}rename/", classifiers.rename, name="classifier_rename"),
    path(f"{CLASSIFIER}delete/", classifiers.delete, name="classifier_delete"),
    path(f"{CLASSIFIER}findings/", findings.mend, name="classifier_findings"),
    path(f"{CLASSIFIER}quality/", quality.status, name="classifier_quality"),
    path(f"{CLASSIFIER}quality/measure/", quality.measure, name="classifier_quality_measure"),
    path(f"{CLASSIFIER}quality/cancel/", quality.cancel, name="classifier_quality_cancel"),
    path(f"{CLASSIFIER}predictions/", classifiers.ask, name="predictions"),
    path(PREDICTION, predictions.show, name="prediction"),
    path(f"{PREDICTION}status/", predictions.status, name="prediction_status"),
    path(f"{PREDICTION}cancel/", predictions.cancel, name="prediction_cancel"),
    path(f"{PREDICTION}delete/", predictions.delete, name="prediction_delete"),
    path(f"{PREDICTION}csv/", predictions.as_csv, name="prediction_csv"),
    path("queries/<uuid:query_id>/correct/", predictions.correct, name="query_correct"),
    path("queries/<uuid:query_id>/picture/", media.query_picture, name="query_picture"),
    path("queries/<uuid:query_id>/thumbnail/", media.query_thumbnail, name="query_thumbnail"),
    path("pictures/<uuid:image_id>/", media.picture, name="picture"),
    path("pictures/<uuid:image_id>/thumbnail/", media.thumbnail, name="picture_thumbnail"),
]
