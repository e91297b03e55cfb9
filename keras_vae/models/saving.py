"""How models are saved and exported by Keras' own methods."""

from typing import Any

import numpy as np

# Name, among a saved model's own variables, of the steps made before it was last compiled.
STEPS_BEFORE = "steps_before_compile"


class Saving:
    """Mixin of a model's methods that write it, and read what they wrote."""

    _untracked: Any
    input_signature: list[Any]

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Saves the model, as `keras.Model.save`, as a `.keras` file.

        Raises:
            ValueError: If the file is named `.h5` or `.hdf5`: Keras' older format knows no such
                models.
        """
        if str(filepath).endswith((".h5", ".hdf5")):
            raise ValueError(
                "Models of keras_vae cannot be saved in Keras' older HDF5 format. Name the file "
                "`.keras`, or save weights alone by `save_weights('NAME.weights.h5')`. Received: "
                f"{filepath}."
            )
        super().save(filepath, *args, **kwargs)  # type: ignore[misc]

    def export(self, filepath: Any, format: str = "tf_saved_model", **kwargs: Any) -> Any:  # noqa: A002
        """Exports `reconstruct`, as `keras.Model.export`; `keras_vae.export.save` exports more."""
        if kwargs.get("input_signature") is None:
            kwargs["input_signature"] = self.input_signature
        return super().export(filepath, format=format, **kwargs)  # type: ignore[misc]

    def save_own_variables(self, store: dict[str, np.ndarray]) -> None:
        super().save_own_variables(store)  # type: ignore[misc]
        if steps_before := int(self._untracked.steps_before):
            store[STEPS_BEFORE] = np.array(steps_before)

    def load_own_variables(self, store: dict[str, np.ndarray]) -> None:
        # Keras' store of an HDF5 file has keys, and is no mapping.
        store = {name: store[name] for name in store.keys()}  # noqa: SIM118
        self._untracked.steps_before.assign(np.array(store.pop(STEPS_BEFORE, 0)))
        super().load_own_variables(store)  # type: ignore[misc]
