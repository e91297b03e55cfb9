"""What of a figure is in the results folder."""

import collections
import json

NOT_RUN, DONE, DAMAGED = "not run", "done", "damaged"


def states(scripts, results):
    """Reads what there is of each figure.

    Arguments:
        scripts: List of `Script`.
        results: Folder of results.

    Returns:
        List of dictionaries of JSON-compatible values, at least one for each figure: results of
        chosen data sets and priors are in folders of their own.
    """
    rows = []
    for script in scripts:
        for folder in _folders(script, scripts, results) or [results / script.figure]:
            rows.append(
                {
                    "figure": script.figure,
                    "folder": folder.relative_to(results).as_posix(),
                    "title": script.title,
                    "script": script.path.stem,
                    **read_state(folder),
                }
            )
    return rows


def read_state(folder):
    """State of one folder: `state`, and what was computed and judged where it is `DONE`."""
    # These draw with Matplotlib, for which `--help` shall not wait.
    from keras_vae.experiments.figures.results import CLAIMS, DATA
    from keras_vae.experiments.page.entries import UNREADABLE
    from keras_vae.experiments.page.wording import describe_extent

    if not any((folder / name).exists() for name in (DATA, CLAIMS)):
        return {"state": NOT_RUN}
    try:
        protocol = _read(folder / DATA)["protocol"]
        verdicts = collections.Counter(claim["verdict"] for claim in _read(folder / CLAIMS))
        return {
            "state": DONE,
            "dataset": protocol["reached"]["dataset"],
            "epochs": protocol["reached"]["epochs"],
            "asked_epochs": protocol["asked"]["epochs"],
            "trials": protocol["reached"]["trials"],
            "extent": describe_extent(protocol),
            "verdicts": dict(verdicts),
        }
    except UNREADABLE as error:
        return {"state": DAMAGED, "reason": f"{type(error).__name__}: {error}"}


def _folders(script, scripts, results):
    report = results / script.report
    names = [other.name for other in scripts if other.report == script.report]
    if not report.is_dir():
        return []
    folders = sorted(path for path in report.iterdir() if path.is_dir())
    return [folder for folder in folders if _figure_of(folder.name, names) == script.name]


def _figure_of(folder, names):
    """The longest name of a figure that a folder's name begins with, or None."""
    fitting = [name for name in names if f"{folder}_".startswith(f"{name}_")]
    return max(fitting, key=len, default=None)


def _read(path):
    return json.loads(path.read_text(encoding="utf-8"))
