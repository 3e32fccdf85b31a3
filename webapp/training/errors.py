"""What a member of staff can mend, in words that say how."""


class StaffError(Exception):
    """A request that cannot be done as it stands.

    code: for programs. message: a sentence for people. field: the form's field that it is about, or nothing.
    """

    def __init__(self, *, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field
