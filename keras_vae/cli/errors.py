"""What a command cannot do, said in one message without a traceback."""

from keras_vae import UserError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


class CommandError(UserError):
    """A command cannot do what it should; the message says why.

    Arguments:
        message: What `error: ` is put before.
        exit_code: `FAILED`, or `MISUSED` where the command itself has to be written otherwise.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
