"""Functions of many images, a part of them at a time."""

BATCH = 500


def in_batches(function, images):
    """What a function of images returns for each `BATCH` of them: a list of NumPy arrays."""
    starts = range(0, len(images), BATCH)
    return [function(images[start : start + BATCH]).numpy() for start in starts]
