"""Everything a person can do with faces: one function for each.

All take keywords only, and raise ``webapp.core.errors.UserError`` for what the person can mend.
"""

from webapp.faces.services.consent import consent_of as consent_of
from webapp.faces.services.consent import give_consent as give_consent
from webapp.faces.services.consent import require_consent as require_consent
from webapp.faces.services.consent import require_gallery as require_gallery
from webapp.faces.services.consent import withdraw_consent as withdraw_consent
from webapp.faces.services.gallery import add_person as add_person
from webapp.faces.services.gallery import keep_doubtful as keep_doubtful
from webapp.faces.services.gallery import remove_face as remove_face
from webapp.faces.services.gallery import remove_person as remove_person
from webapp.faces.services.gallery import rename_person as rename_person
from webapp.faces.services.questions import detect as detect
from webapp.faces.services.questions import end_question as end_question
from webapp.faces.services.questions import enrol as enrol
from webapp.faces.services.questions import identify as identify
from webapp.faces.services.questions import verify as verify
