"""`keras-vae runs`: what is in the run store, what is said of a run, in a line and at length."""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from keras_vae._internal.files import JsonObject
from keras_vae.cli import common, stored_runs
from keras_vae.cli.common import FAILED, MISUSED, CommandError, Commands, start_tensorflow
from keras_vae.experiments.figures.options import given_path
from keras_vae.experiments.runs.run_folder import CHECKPOINT

if TYPE_CHECKING:
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


def add_parser(commands: Commands) -> None:
    """Adds the command and its own commands to the command line."""
    parser = commands.add_parser(
        "runs",
        help="list, show and remove stored runs",
        description="Looks after the run store: --store, KERAS_VAE_STORE or the user's cache. "
        "A run is named by its id or the beginning of it.",
        epilog="example: keras-vae runs show 1ce2",
    )
    of_runs = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = _add(of_runs, "list", list_runs, "list all runs", "keras-vae runs list --json")
    showing = _add(of_runs, "show", show_run, "show all of a run", "keras-vae runs show 1ce2")
    showing.add_argument("run_id", metavar="RUN", help="id, or the beginning of it")
    for command in (listing, showing):
        command.add_argument("--json", action="store_true", help="print JSON in place of a table")
    removing = _add(
        of_runs, "remove", remove_runs, "delete runs", "keras-vae runs remove 1ce2 f7fd --yes"
    )
    removing.add_argument("run_ids", metavar="RUN", nargs="+", help="ids, or beginnings of them")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    _add(of_runs, "disk", show_disk, "how much space runs take", "keras-vae runs disk")


def list_runs(arguments: argparse.Namespace) -> None:
    """Prints a line for each run."""
    runs = stored_runs.all_runs(stored_runs.open_store(arguments.store))
    start_tensorflow()
    rows = [describe(run) for run in runs]
    if arguments.json:
        common.print_json(rows)
    else:
        common.make_console().print(table(rows))


def show_run(arguments: argparse.Namespace) -> None:
    """Prints all that is known of one run."""
    run = stored_runs.find_run(stored_runs.open_store(arguments.store), arguments.run_id)
    start_tensorflow()
    content = details(run)
    if arguments.json:
        common.print_json(content)
    else:
        common.make_console().print(details_table(content))


def remove_runs(arguments: argparse.Namespace) -> int:
    """Deletes runs, after a question on a terminal."""
    store = stored_runs.open_store(arguments.store)
    runs = list(dict.fromkeys(stored_runs.find_run(store, text) for text in arguments.run_ids))
    if not arguments.yes and not _confirmed(runs):
        print("Nothing was removed.", file=sys.stderr)
        return FAILED
    failures = 0
    for run in runs:
        try:
            stored_runs.remove_run(run)
            print(f"Removed {run.id}.")
        except CommandError as error:
            failures += 1
            print(f"error: {error}", file=sys.stderr)
    return FAILED if failures else 0


def show_disk(arguments: argparse.Namespace) -> None:
    """Prints how much space the store takes, by kind of file."""
    store = stored_runs.open_store(arguments.store)
    runs = stored_runs.all_runs(store)
    by_kind = collections.Counter({"checkpoints": 0, "kept weights": 0, "other files": 0})
    for run in runs:
        for name, size in run.sizes().items():
            by_kind[_kind(name)] += size
    print(f"{store.folder}: {len(runs)} runs, {common.format_bytes(by_kind.total())}")
    for kind, size in by_kind.items():
        print(f"  {kind}: {common.format_bytes(size)}")
    print(f"free: {common.format_bytes(shutil.disk_usage(store.folder).free)}")


def _add(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=f"Runs: {summary}.", epilog=f"example: {example}"
    )
    parser.add_argument(
        "--store", type=given_path, help="folder of stored runs [KERAS_VAE_STORE or the cache]"
    )
    parser.set_defaults(run=run)
    return parser


def _confirmed(runs: Sequence[stored_runs.RunFolder]) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(
            "Runs are removed for good: say --yes where nobody can be asked.", MISUSED
        )
    for run in runs:
        size = common.format_bytes(sum(run.sizes().values()))
        print(f"{run.id}: {run.epochs} epochs, {size}")
    noun = "this run" if len(runs) == 1 else f"these {len(runs)} runs"
    try:
        return input(f"Remove {noun} for good? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _kind(name: str) -> str:
    if name == CHECKPOINT:
        return "checkpoints"
    return "kept weights" if name.startswith("weights_after_") else "other files"


def describe(run: stored_runs.RunFolder) -> JsonObject:
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
        shown = {**row, "bytes": common.format_bytes(row["bytes"])}
        if "latent_dims" in row:
            shown["latent_dims"] = " + ".join(map(str, row["latent_dims"]))
        cells = {key: Text(str(shown.get(key, ""))) for key in COLUMNS}
        if "problem" in row:
            target = "epochs" if "dataset" in row else "dataset"
            cells[target] = Text(row["problem"], "red" if row["problem"] == UNREADABLE else "dim")
        made.add_row(*cells.values())
    return made


def details(run: stored_runs.RunFolder) -> JsonObject:
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
            key, value = "size", common.format_bytes(value)
        elif isinstance(value, dict):
            value = "\n".join(f"{name}: {json.dumps(part)}" for name, part in value.items())
        elif isinstance(value, list):
            value = ", ".join(part if isinstance(part, str) else json.dumps(part) for part in value)
        made.add_row(Text(COLUMNS.get(key, key.replace("_", " ")), "bold"), Text(str(value)))
    return made
