"""Everything a person can do with support sets, classifiers and predictions: one function for each.

All take keywords only, and raise ``webapp.core.errors.UserError`` for what the person can mend.
"""

from webapp.recognition.services.archives import cancel_import as cancel_import
from webapp.recognition.services.archives import discard_upload as discard_upload
from webapp.recognition.services.archives import import_upload as import_upload
from webapp.recognition.services.archives import upload_zip as upload_zip
from webapp.recognition.services.archives import zip_is_gone as zip_is_gone
from webapp.recognition.services.classes import add_class as add_class
from webapp.recognition.services.classes import delete_class as delete_class
from webapp.recognition.services.classes import rename_class as rename_class
from webapp.recognition.services.classes import reorder_classes as reorder_classes
from webapp.recognition.services.classes import restore_class as restore_class
from webapp.recognition.services.classifiers import cancel_classifier as cancel_classifier
from webapp.recognition.services.classifiers import delete_classifier as delete_classifier
from webapp.recognition.services.classifiers import newer_checkpoint as newer_checkpoint
from webapp.recognition.services.classifiers import rename_classifier as rename_classifier
from webapp.recognition.services.classifiers import start_classifier as start_classifier
from webapp.recognition.services.images import Accepted as Accepted
from webapp.recognition.services.images import Refused as Refused
from webapp.recognition.services.images import UploadReport as UploadReport
from webapp.recognition.services.images import add_images as add_images
from webapp.recognition.services.images import delete_image as delete_image
from webapp.recognition.services.images import move_image as move_image
from webapp.recognition.services.images import restore_image as restore_image
from webapp.recognition.services.predictions import correct as correct
from webapp.recognition.services.predictions import correct_file as correct_file
from webapp.recognition.services.predictions import delete_prediction as delete_prediction
from webapp.recognition.services.predictions import predictions_csv as predictions_csv
from webapp.recognition.services.predictions import start_prediction as start_prediction
from webapp.recognition.services.quality import cancel_quality as cancel_quality
from webapp.recognition.services.quality import measure_quality as measure_quality
from webapp.recognition.services.readiness import Readiness as Readiness
from webapp.recognition.services.readiness import readiness as readiness
from webapp.recognition.services.suggestion import Suggestion as Suggestion
from webapp.recognition.services.suggestion import suggestion_for as suggestion_for
from webapp.recognition.services.support_sets import allow_improvement as allow_improvement
from webapp.recognition.services.support_sets import change_support_set as change_support_set
from webapp.recognition.services.support_sets import create_support_set as create_support_set
from webapp.recognition.services.support_sets import delete_support_set as delete_support_set
from webapp.recognition.services.support_sets import rename_support_set as rename_support_set
