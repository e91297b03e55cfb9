"""What is said of a stored run, in a line and at length."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from keras_vae._internal.files import JsonObject
from keras_vae.cli.common import CommandError, format_bytes

if TYPE_CHECKING:
    from keras_vae.cli.stored_runs import RunFolder
    from keras_vae.experiments.runs.spec import ModelSpec, ObjectiveSpec

COLUMNS = {
    "id": "id",
    "dataset": "data set",
    "model": "model",
    "objective": "objective",
    "latent_dims": "latent dims",
    "seed": "seed",
    "epochs": "epochs",
    "bytes": "size",
}
UNREADABLE = "damaged"
NOT_BEGUN = "no epoch finished"


def describe(run: RunFolder) -> JsonObject:
    """A run in a line.

    Arguments:
        run: `RunFolder`.

    Returns:
        Dictionary of JSON-compatible values, by the keys of `COLUMNS`; a run whose spec is not
        to be obtained has a `problem` in place of what the spec says.
    """
    size = {"bytes": sum(run.sizes().values())}
    try:
        spec = run.read_spec()
    except CommandError as error:
        return {
            "id": run.id,
            "problem": UNREADABLE,
            "reason": str(error),
            "epochs": run.epochs,
        } | size
    if spec is None:
        return {"id": run.id, "problem": NOT_BEGUN, "epochs": run.epochs} | size
    damage = {"problem": UNREADABLE, "reason": "the checkpoint"} if run.is_damaged else {}
    return {
        "id": run.id,
        "dataset": spec.data.name,
        "model": describe_model(spec.model),
        "objective": describe_objective(spec.objective),
        "latent_dims": list(spec.model.latent_dims),
        "seed": spec.seed,
        "epochs": run.epochs,
        **size,
        **damage,
    }


def describe_model(model: ModelSpec) -> str:
    """A `ModelSpec` in a few words."""
    words = ["HierarchicalVAE" if model.upper_latent_dims else "VAE"]
    words.append("x".join(map(str, model.hidden_units)))
    words.append(model.activation)
    words.append(model.likelihood)
    if model.prior != "standard_normal":
        components = "" if model.prior_components is None else f"({model.prior_components})"
        words.append(f"{model.prior}{components}")
    words += ["gated"] * model.gated + ["batch norm"] * model.batch_norm
    return ", ".join(words)


def describe_objective(objective: ObjectiveSpec) -> str:
    """An `ObjectiveSpec` in a few words."""
    words = [objective.name]
    if objective.alpha is not None:
        words.append(f"alpha={objective.alpha:g}")
    if objective.num_samples != 1:
        words.append(f"{objective.num_samples} samples")
    if objective.warm_up_epochs:
        words.append(f"warm-up {objective.warm_up_epochs}")
    words += ["doubly reparameterized"] * objective.doubly_reparameterized
    return ", ".join(words)


def table(rows: Sequence[JsonObject]) -> Table:
    """A table of runs described by `describe`."""
    made = Table(*COLUMNS.values())
    for row in rows:
        shown = {**row, "bytes": format_bytes(row["bytes"])}
        if "latent_dims" in row:
            shown["latent_dims"] = " + ".join(map(str, row["latent_dims"]))
        cells = {key: Text(str(shown.get(key, ""))) for key in COLUMNS}
        if "problem" in row:
            target = "epochs" if "dataset" in row else "dataset"
            cells[target] = Text(row["problem"], "red" if row["problem"] == UNREADABLE else "dim")
        made.add_row(*cells.values())
    return made


def details(run: RunFolder) -> JsonObject:
    """All of a run but its arrays.

    Arguments:
        run: `RunFolder`.

    Returns:
        Dictionary of JSON-compatible values.

    Raises:
        CommandError: If the run is damaged.
    """
    from keras_vae.experiments.runs.evaluation import without_images
    from keras_vae.experiments.runs.run_folder import snapshot_epochs
    from keras_vae.experiments.runs.store import RunStore, StoreError

    spec = run.read_spec()
    content = {**describe(run), "folder": str(run.path)}
    if spec is None:
        return content
    store = RunStore(run.path.parent)
    try:
        stored = store.load(spec)
    except StoreError as error:
        raise CommandError(str(error)) from error
    try:
        evaluations = store.evaluations(spec)
    except StoreError as error:
        # They are measured anew once their file is gone; the run is as good as before.
        content["reason"], evaluations = str(error), {}
    if stored is not None:
        ending = {name: values[-1].item() for name, values in stored.history.items()}
        content["last_epoch"] = ending
        content["trained_under"] = stored.versions
    return {
        **content,
        "kept_weights": snapshot_epochs(run.path),
        "evaluations": {
            name: without_images(value) if isinstance(value, dict) else value
            for name, value in evaluations.items()
        },
        "spec": spec.to_dict(),
    }


def details_table(content: JsonObject) -> Table:
    """A table of what `details` returned."""
    made = Table(show_header=False, box=None)
    for key, value in content.items():
        if key == "bytes":
            key, value = "size", format_bytes(value)
        elif isinstance(value, dict):
            value = "\n".join(f"{name}: {json.dumps(part)}" for name, part in value.items())
        elif isinstance(value, list):
            value = ", ".join(part if isinstance(part, str) else json.dumps(part) for part in value)
        made.add_row(Text(COLUMNS.get(key, key.replace("_", " ")), "bold"), Text(str(value)))
    return made
