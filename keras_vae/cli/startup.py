"""TensorFlow, started by the commands that need it and by no others."""

from keras_vae.cli.errors import CommandError


def start_tensorflow() -> None:
    """Imports TensorFlow in silence.

    Raises:
        CommandError: If Keras is set up with another backend, or a package is missing.
    """
    try:
        from keras_vae._internal import backend
    except ImportError as error:
        raise CommandError(str(error)) from error
    backend.keep_modules()
