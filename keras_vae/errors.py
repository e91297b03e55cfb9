"""What a user can mend: one class for all of it."""


class UserError(Exception):
    """Something that the user can mend; the message says what is wrong and what to do.

    Scripts and commands print such an error as one line. Any other exception is a fault of
    this package or of what was given to it from Python, and keeps its traceback.
    """
