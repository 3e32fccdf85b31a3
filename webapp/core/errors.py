"""Why the site does not do what it is asked to: a code for programs, a sentence for people, a status for HTTP."""

from __future__ import annotations

from typing import Any, Literal

Code = Literal[
    # pictures, names and archives
    "disk_full",
    "empty_archive",
    "invalid_name",
    "no_usable_picture",
    "picture_gone",
    "storage_full",
    "too_large",
    "too_many_entries",
    "unknown_picture",
    "unknown_action",
    "finding_gone",
    "unusable_archive",
    "unusable_entry",
    "unusable_picture",
    # whatever people make
    "account_needed",
    "already_over",
    "damaged",
    "limit_reached",
    "name_taken",
    "scope_needed",
    "storage_down",
    "token_expired",
    "too_many_jobs",
    "too_often",
    # requests
    "bad_address",
    "length_required",
    "too_busy",
    "too_slow",
    "invalid_json",
    "unsupported_content_type",
    # recognition
    "classifier_not_ready",
    "not_ready",
    "unknown_checkpoint",
    "unknown_class",
    "wrong_order",
    # faces
    "consent_needed",
    "gallery_empty",
    "gallery_not_wanted",
    "not_measurable",
    # data sets
    "dataset_deleted",
    "dataset_incomplete",
    "dataset_not_ready",
    "folder_missing",
    "folder_not_allowed",
    "invalid_number",
    "no_file",
    "other_source",
    "unknown_dataset",
    "unknown_source",
    "version_in_progress",
    # runs, sweeps and schedules
    "bad_budget",
    "bad_kind",
    "bad_name",
    "bad_repetition",
    "bad_seed",
    "bad_setting",
    "bad_space",
    "data_unchanged",
    "faces_from_scratch",
    "grid_too_large",
    "not_active",
    "not_finished",
    "not_paused",
    "not_stopped",
    "paused_already",
    "still_going",
    "unknown_run",
    "unknown_schedule",
    # checkpoints
    "already_gone",
    "bad_card",
    "changed_meanwhile",
    "files_gone",
    "gate_not_passed",
    "known",
    "no_tensors",
    "no_zip",
    "not_deletable",
    "not_measuring",
    "not_publishable",
    "nothing_to_measure_by",
    "nothing_to_roll_back",
    "other_transform",
    "pickled",
    "wrong_files",
]
"""Every code there is, so that a type checker refuses one that is misspelt."""

STATUSES: dict[Code, int] = {
    "bad_address": 400,
    "invalid_json": 400,
    "token_expired": 401,
    "consent_needed": 403,
    "gallery_not_wanted": 403,
    "scope_needed": 403,
    "too_slow": 408,
    "already_over": 409,
    "classifier_not_ready": 409,
    "damaged": 409,
    "gallery_empty": 409,
    "picture_gone": 409,
    "length_required": 411,
    "storage_full": 413,
    "too_large": 413,
    "unsupported_content_type": 415,
    "too_many_jobs": 429,
    "too_often": 429,
    "disk_full": 503,
    "storage_down": 503,
    "too_busy": 503,
}
"""The HTTP status of a code; 422 for those that are not named here."""


class Refusal(Exception):
    """Base of all that is answered in words, whoever's turn it is; ``details`` are for programs and templates."""

    def __init__(self, code: Code, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, message, details

    @property
    def status(self) -> int:
        """Return the HTTP status of the answer."""
        return STATUSES.get(self.code, 422)


class UserError(Refusal):
    """What whoever asked can mend; ``field`` is the form's field that it is about, or nothing.

    A job over many files skips the file that raises it. What they cannot mend is another Refusal, and ends the job.
    """

    def __init__(self, code: Code, message: str, *, field: str = "", **details: Any) -> None:
        super().__init__(code, message, **details)
        self.field = field
