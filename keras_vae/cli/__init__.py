"""The command `keras-vae`: figures and their results, stored runs, exports, data sets."""

from keras_vae.cli.command_line import main

__all__ = ["main"]
