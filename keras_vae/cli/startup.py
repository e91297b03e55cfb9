"""TensorFlow, started by the commands that need it and by no others."""

from keras_vae import quiet
from keras_vae.cli.errors import CommandError


def start_tensorflow():
    """Imports TensorFlow in silence.

    Raises:
        CommandError: If Keras is set up with another backend, or a package is missing.
    """
    try:
        quiet.import_tensorflow()
    except ImportError as error:
        raise CommandError(str(error)) from error
