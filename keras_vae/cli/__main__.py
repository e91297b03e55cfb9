"""Makes `python -m keras_vae.cli` the same as `keras-vae`."""

import sys

from keras_vae.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main())
