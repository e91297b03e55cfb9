"""The order that images had in a data set's own files, before TFDS shuffled them.

TFDS stores examples in the order of a hash of the split's name and the example's key, and the
keys of MNIST and Fashion-MNIST count the images in the original files.
"""

import numpy as np

# How the original label files begin: what the order found is checked against.
FIRST_LABELS = {
    "mnist": {"train": "50419213143536172869", "test": "72104149590690159734"},
    "fashion_mnist": {"train": "9003027255", "test": "92116146574573412480"},
}


def restore(name, split, images, labels):
    """Brings a split as TFDS stores it into the order of the original files.

    Arguments:
        name: `"mnist"` or `"fashion_mnist"`.
        split: `"train"` or `"test"`.
        images: Array of shape (N, ...).
        labels: Array of shape (N,).

    Returns:
        The images and the labels in their original order.

    Raises:
        ValueError: If the labels then do not begin as the original file's do.
    """
    positions = stored_keys(split, len(labels))
    order = np.argsort(positions)
    images, labels = images[order], labels[order]
    expected = FIRST_LABELS[name][split]
    found = "".join(map(str, labels[: len(expected)]))
    if found != expected:
        raise ValueError(
            f"The original order of {name!r} is not to be had: its {split} labels should begin "
            f"{expected}, but begin {found}. Prepare the set anew with tensorflow-datasets, "
            "version 3.0.1 of the set."
        )
    return images, labels


def stored_keys(split, count):
    """Keys of the examples 0 to count - 1 in the order in which TFDS stores them."""
    from tensorflow_datasets.core.hashing import Hasher

    hasher = Hasher(split)
    return np.array(sorted(range(count), key=hasher.hash_key))
