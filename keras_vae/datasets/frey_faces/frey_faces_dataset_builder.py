"""TFDS builder of the Frey Faces: 1,965 frames of one face, 28 x 20 grey levels."""

import os
import pathlib
import pickle
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np
import tensorflow_datasets as tfds

URL = "https://github.com/jmtomczak/vae_vampprior/raw/master/datasets/Freyfaces/freyfaces.pkl"
FRAMES, HEIGHT, WIDTH = 1965, 28, 20
ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickled NumPy arrays, written by Python 2 or 3, and constructs nothing else.

    Arguments:
        file: Binary file.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(
                f"Refused to construct {module}.{name}: only NumPy arrays are read."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


class Builder(tfds.core.GeneratorBasedBuilder):
    """Frames in the order of the film, in one split.

    TFDS compares the file with `checksums.tsv` before it is read, whether it was
    downloaded or lies in the folder for manual downloads.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "The file of the public vae_vampprior repository."}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description="Frames of a film of Brendan Frey's face.",
            homepage="https://github.com/jmtomczak/vae_vampprior",
            features=tfds.features.FeaturesDict(
                {"image": tfds.features.Image(shape=(HEIGHT, WIDTH, 1), dtype=np.uint8)}
            ),
            disable_shuffling=True,
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict[str, np.ndarray]]]]:
        return {"train": self._generate_examples(dl_manager.download(URL))}

    def _generate_examples(
        self, path: str | os.PathLike[str]
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        with pathlib.Path(path).open("rb") as file:
            frames = np.asarray(ArrayUnpickler(file).load()[0], dtype=np.uint8)
        for index, frame in enumerate(frames.reshape(FRAMES, HEIGHT, WIDTH, 1)):
            yield index, {"image": frame}
