"""Where the package keeps files outside a project: the user's cache folder."""

import os
import pathlib

import platformdirs


def cache_folder():
    """`KERAS_VAE_CACHE`, or the platform's cache folder for this package."""
    configured = os.environ.get("KERAS_VAE_CACHE")
    return pathlib.Path(configured or platformdirs.user_cache_dir("keras_vae")).expanduser()


def store_folder():
    """`KERAS_VAE_STORE`, or `runs` in the cache folder."""
    configured = os.environ.get("KERAS_VAE_STORE")
    return pathlib.Path(configured).expanduser() if configured else cache_folder() / "runs"
