"""What people make: support sets with their pictures, classifiers and what is known of them, and predictions."""

from webapp.recognition.models.archives import ZipImport as ZipImport
from webapp.recognition.models.archives import ZipUpload as ZipUpload
from webapp.recognition.models.archives import archive_path as archive_path
from webapp.recognition.models.classifiers import Classifier as Classifier
from webapp.recognition.models.classifiers import Prediction as Prediction
from webapp.recognition.models.classifiers import Query as Query
from webapp.recognition.models.classifiers import state_path as state_path
from webapp.recognition.models.findings import Dismissal as Dismissal
from webapp.recognition.models.findings import Examination as Examination
from webapp.recognition.models.quality import Quality as Quality
from webapp.recognition.models.support_sets import SupportClass as SupportClass
from webapp.recognition.models.support_sets import SupportImage as SupportImage
from webapp.recognition.models.support_sets import SupportSet as SupportSet
from webapp.recognition.models.support_sets import SupportSetQuerySet as SupportSetQuerySet
from webapp.recognition.models.support_sets import picture_path as picture_path
