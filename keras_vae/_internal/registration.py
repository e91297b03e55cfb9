"""Makes Keras know this package's classes, although `import keras_vae` does not import Keras.

`keras.saving.load_model` finds only classes whose modules are imported.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence

BACKEND, MODELS = "keras_vae._internal.backend", "keras_vae.models"


def register_with_keras() -> None:
    """Imports the package's classes where Keras is imported already, or as soon as it is."""
    if "keras" in sys.modules:
        importlib.import_module(MODELS)
    else:
        sys.meta_path.insert(0, _KerasFinder())


def import_tensorflow() -> types.ModuleType:
    """Imports TensorFlow where it is first needed; Keras then knows the package's classes."""
    importlib.import_module(MODELS)
    return importlib.import_module(BACKEND).tf


class _KerasFinder(importlib.abc.MetaPathFinder):
    """Finds Keras as it would be found without this, once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _KerasLoader(spec.loader)
        return spec


class _KerasLoader(importlib.abc.Loader):
    """Loads Keras, and then this package's classes."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        # Where this package imports Keras itself, its classes are on their way.
        if BACKEND not in sys.modules:
            importlib.import_module(MODELS)
