"""What of a figure is in the results folder."""

from __future__ import annotations

import collections
import json
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_vae._internal.files import JsonObject

if TYPE_CHECKING:
    from keras_vae.experiments.figures.catalogue import Script

NOT_RUN, DONE, DAMAGED = "not run", "done", "damaged"


def states(scripts: Sequence[Script], results: pathlib.Path) -> list[JsonObject]:
    """Reads what there is of each figure.

    Arguments:
        scripts: List of `Script`.
        results: Folder of results.

    Returns:
        List of dictionaries of JSON-compatible values, at least one for each figure: results of
        chosen data sets and priors are in folders of their own.
    """
    found = [_read_folder(path, results) for path in _folders(results)]
    rows: list[JsonObject] = []
    for script in scripts:
        shared = {"figure": script.figure, "title": script.title, "script": script.path.stem}
        of_script = [row for row in found if script.figure in (row["figure"], row["folder"])]
        not_run = {"folder": script.figure, "state": NOT_RUN}
        rows += [{**row, **shared} for row in of_script or [not_run]]
    shown = {row["folder"] for row in rows}
    return rows + [row for row in found if row["folder"] not in shown]


def _folders(results: pathlib.Path) -> list[pathlib.Path]:
    """All folders of results, in order of their names."""
    # These draw with Matplotlib, for which `--help` shall not wait.
    from keras_vae.experiments.figures.results import CLAIMS, DATA, LONGER

    found = {path.parent for name in (DATA, CLAIMS) for path in results.rglob(name)}
    return sorted(path for path in found if path.name != LONGER)


def _read_folder(folder: pathlib.Path, results: pathlib.Path) -> JsonObject:
    """State of one folder: `state`, and what was computed and judged where it is `DONE`."""
    from keras_vae.experiments.figures.results import CLAIMS, DATA
    from keras_vae.experiments.page.entries import UNREADABLE
    from keras_vae.experiments.page.wording import describe_extent

    name = folder.relative_to(results).as_posix()
    row = {"figure": name, "folder": name, "title": "", "script": None}
    try:
        data = _read(folder / DATA)
        verdicts = collections.Counter(
            claim["verdict"].partition(",")[0] for claim in _read(folder / CLAIMS)
        )
        return {
            **row,
            "figure": data["figure"],
            "state": DONE,
            "dataset": data["protocol"]["reached"]["dataset"],
            "epochs": {label: run["epochs"] for label, run in data["runs"].items()},
            "trials": data["protocol"]["reached"]["trials"],
            "extent": describe_extent(data),
            "verdicts": dict(verdicts),
        }
    except UNREADABLE as error:
        return {**row, "state": DAMAGED, "reason": f"{type(error).__name__}: {error}"}


def _read(path: pathlib.Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
