"""Everything that staff can do with checkpoints, and what recognition asks of them: one function for each.

All take keywords only, and raise an error with a sentence for what a member of staff can mend.
"""

from webapp.checkpoints.services.exchange import cancel_import as cancel_import
from webapp.checkpoints.services.exchange import export_checkpoint as export_checkpoint
from webapp.checkpoints.services.exchange import import_checkpoint as import_checkpoint
from webapp.checkpoints.services.gate import Gate as Gate
from webapp.checkpoints.services.gate import gate_of as gate_of
from webapp.checkpoints.services.gate import measure as measure
from webapp.checkpoints.services.gate import stop_measuring as stop_measuring
from webapp.checkpoints.services.publishing import LEAST_WORDS as LEAST_WORDS
from webapp.checkpoints.services.publishing import named_checkpoint as named_checkpoint
from webapp.checkpoints.services.publishing import plain as plain
from webapp.checkpoints.services.publishing import publish as publish
from webapp.checkpoints.services.publishing import roll_back as roll_back
from webapp.checkpoints.services.publishing import successor as successor
from webapp.checkpoints.services.registry import find_checkpoint as find_checkpoint
from webapp.checkpoints.services.registry import method_settings as method_settings
from webapp.checkpoints.services.registry import sync_shipped as sync_shipped
from webapp.checkpoints.services.registry import valid_names as valid_names
from webapp.checkpoints.stored_checkpoints import local_folder as local_folder
