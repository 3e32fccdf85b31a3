"""Ways in which a job's work ends early."""


class JobError(Exception):
    """Base of everything that ends a job's work before it is ready."""


class Cancelled(JobError):
    """The person asked for the job to stop."""


class LeaseLost(JobError):
    """The job belongs to another attempt now, so nothing this one writes counts."""


class JobFailed(JobError):
    """The work cannot succeed, for a reason that the person can act on; no UserError, which one file of many may raise.

    `code` is for programs, `message` is a sentence for the person.
    """

    def __init__(self, *, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
