"""A pickle reader that can construct nothing but NumPy arrays."""

import pickle

ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickled arrays, written by Python 2 or 3, and refuses every other class.

    Arguments:
        file: Binary file.
    """

    def __init__(self, file):
        super().__init__(file, encoding="latin1")

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(
                f"Refused to construct {module}.{name}: only NumPy arrays are read."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
