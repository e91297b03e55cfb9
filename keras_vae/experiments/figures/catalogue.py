"""The reproduction scripts: where they are, and which figure each of them makes.

Running a script's definitions imports TensorFlow, for which lists and `--help` should not wait.
`catalogue.json` beside the scripts says what they define; `keras-vae figures --update` writes it.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import pathlib
import re
import types
from typing import TYPE_CHECKING, Any

from keras_vae import UserError
from keras_vae._internal.files import CATALOGUE, atomic_write

if TYPE_CHECKING:
    from keras_vae.experiments.figures.figure import Figure

PACKAGE = pathlib.Path(__file__).parents[2]
# An installed copy comes first: `reproductions` beside it may be someone else's.
FOLDERS = (PACKAGE / "_reproductions", PACKAGE.parent / "reproductions")


class CatalogueError(UserError):
    """The reproduction scripts, or the catalogue of them, cannot be read."""


@dataclasses.dataclass(frozen=True)
class Script:
    """A reproduction script, as far as it is known without running it.

    Attributes:
        path: The file.
        report: Name of its report, as in the results.
        name: Name of its figure's folder.
        title: What the figure shows.
        presets: Names of its presets.
        datasets: Names of the data sets that it can show.
        options: Its own options.
        report_title: The report's title; empty if it is not known.
        report_authors: Its authors; likewise.
        judges: Whether it judges claims.
    """

    path: pathlib.Path
    report: str
    name: str
    title: str
    presets: tuple[str, ...]
    datasets: tuple[str, ...]
    options: tuple[str, ...]
    report_title: str = ""
    report_authors: str = ""
    judges: bool = False

    @property
    def figure(self) -> str:
        """Name of the figure among those of all reports."""
        return f"{self.report}/{self.name}"

    def is_called(self, name: str) -> bool:
        """Whether a user can mean it by a name."""
        return name == self.path.stem or f"/{self.figure}".endswith(f"/{name}")

    def load(self) -> Figure:
        """Runs the script's definitions, which needs TensorFlow, and returns its `Figure`."""
        return load_script(self.path).FIGURE


def load_script(path: str | os.PathLike[str]) -> types.ModuleType:
    """Runs a script's definitions and returns it as a module.

    Arguments:
        path: The file, or its path below the folder of scripts.
    """
    path = pathlib.Path(path)
    if not path.is_absolute():
        path = scripts_folder() / path
    module_spec = importlib.util.spec_from_file_location(path.stem, path)
    if module_spec is None or module_spec.loader is None:
        raise CatalogueError(f"{path} is not a Python script.")
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def scripts_folder() -> pathlib.Path:
    """The folder of the scripts of this installation or checkout.

    Raises:
        CatalogueError: If there is none.
    """
    found = next((folder for folder in FOLDERS if (folder / CATALOGUE).is_file()), None)
    if found is None:
        looked = " or ".join(map(str, FOLDERS))
        raise CatalogueError(f"There are no reproduction scripts in {looked}.")
    return found


def find_scripts() -> list[Script]:
    """Reads the catalogue.

    Returns:
        List of `Script`, by report and number.

    Raises:
        CatalogueError: If there are no scripts, or the catalogue is damaged.
    """
    folder = scripts_folder()
    try:
        rows = json.loads((folder / CATALOGUE).read_text(encoding="utf-8"))
        return [_script(folder, **row) for row in rows]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogueError(
            f"{folder / CATALOGUE} cannot be read ({error!r}). keras-vae figures --update writes "
            "it again."
        ) from error


def _script(folder: pathlib.Path, script: str, **row: Any) -> Script:
    lists: dict[str, Any] = {
        name: tuple(row.pop(name)) for name in ("presets", "datasets", "options")
    }
    return Script(folder / script, **row, **lists)


def update_catalogue() -> list[Script]:
    """Runs the definitions of all scripts and writes the catalogue of their figures.

    Returns:
        List of `Script`.
    """
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    if folder is None:
        raise CatalogueError(f"There is no folder {' or '.join(map(str, FOLDERS))}.")
    figures = {
        path.relative_to(folder).as_posix(): load_script(path).FIGURE
        for path in sorted(folder.rglob("*.py"))
    }
    rows = [{"script": path, **_describe(figure)} for path, figure in figures.items()]
    rows.sort(key=_order)
    with atomic_write(folder / CATALOGUE) as file:
        file.write((json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode())
    return find_scripts()


def _describe(figure: Figure) -> dict[str, Any]:
    parser = argparse.ArgumentParser(add_help=False)
    if figure.add_options is not None:
        figure.add_options(parser)
    return {
        "report": figure.report,
        "report_title": "" if figure.about is None else figure.about.title,
        "report_authors": "" if figure.about is None else figure.about.authors,
        "name": figure.name,
        "title": figure.title,
        "judges": figure.judge is not None,
        "presets": list(figure.presets),
        "datasets": list(figure.datasets),
        "options": [f"--{name.replace('_', '-')}" for name in vars(parser.parse_args([]))],
    }


def _order(row: dict[str, Any]) -> tuple[str, bool, list[int], str]:
    is_figure = row["name"].startswith("fig_")
    numbers = [int(digits) for digits in re.findall(r"\d+", row["name"])] if is_figure else []
    return row["report"], not is_figure, numbers, row["name"]
