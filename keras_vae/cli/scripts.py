"""The reproduction scripts: where they are, what they are called, and their figures."""

import ast
import dataclasses
import importlib.util
import pathlib

from keras_vae.cli.errors import MISUSED, CommandError
from keras_vae.experiments.reports import REPORTS

PACKAGE = pathlib.Path(__file__).parents[1]
# An installed copy comes first: `reproductions` beside it may be someone else's.
FOLDERS = (PACKAGE / "_reproductions", PACKAGE.parent / "reproductions")
OF_FOLDERS = {report.scripts or ".": name for name, report in REPORTS.items()}
OF_FOLDERS["beyond"] = "activity/beyond"


@dataclasses.dataclass(frozen=True)
class Script:
    """A reproduction script, as far as it is known without running it.

    Attributes:
        path: The file.
        report: Name of its report, as in the results.
        name: Name of its figure's folder.
        title: What the figure shows.
    """

    path: pathlib.Path
    report: str
    name: str
    title: str

    @property
    def figure(self):
        """Name of the figure among those of all reports."""
        return f"{self.report}/{self.name}"

    def is_called(self, name):
        """Whether a user can mean it by a name."""
        return name == self.path.stem or f"/{self.figure}".endswith(f"/{name}")

    def load(self):
        """Runs the script's definitions, which needs TensorFlow, and returns its `Figure`."""
        module_spec = importlib.util.spec_from_file_location(self.path.stem, self.path)
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
        return module.FIGURE


def find_scripts(folder=None):
    """Finds all scripts.

    Arguments:
        folder: Folder of the scripts; None for those of this installation or checkout.

    Returns:
        List of `Script`, by report and number.

    Raises:
        CommandError: If there are none.
    """
    folders = FOLDERS if folder is None else (pathlib.Path(folder),)
    for candidate in folders:
        found = [_read_script(candidate, path) for path in candidate.rglob("*.py")]
        scripts = [script for script in found if script is not None]
        if scripts:
            return sorted(scripts, key=_order)
    looked = " or ".join(map(str, folders))
    raise CommandError(f"There are no reproduction scripts in {looked}.")


def choose(scripts, names):
    """Finds the scripts that a user means.

    Arguments:
        scripts: List of `Script`.
        names: Names of figures (`activity/fig_3_1`, or `fig_3_1` where there is but one) or of
            files (`fig_3_1_activity`).

    Returns:
        List of `Script` in the order of `names`, each once.

    Raises:
        CommandError: If a name is unknown, or several figures have it.
    """
    return list(dict.fromkeys(_only(scripts, name) for name in names))


def of_report(scripts, report):
    """Returns a report's scripts.

    Raises:
        CommandError: If there is no such report.
    """
    found = [s for s in scripts if f"{s.report}/".startswith(f"{report}/")]
    if not found:
        reports = ", ".join(dict.fromkeys(script.report for script in scripts))
        raise CommandError(f"Unknown report: {report!r}. Reports: {reports}.", MISUSED)
    return found


def _only(scripts, name):
    found = [script for script in scripts if script.is_called(name)]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = ", ".join(script.figure for script in found)
        raise CommandError(f"Several figures are called {name!r}: {candidates}.", MISUSED)
    valid = "\n".join(f"  {script.figure}" for script in scripts)
    raise CommandError(f"Unknown figure: {name!r}. Figures:\n{valid}", MISUSED)


def _read_script(folder, path):
    """Returns a `Script`, or None if the file makes no figure."""
    relative = path.parent.relative_to(folder).as_posix()
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and _names(statement) == ["FIGURE"]:
            known = {
                keyword.arg: keyword.value.value
                for keyword in statement.value.keywords
                if isinstance(keyword.value, ast.Constant)
            }
            return Script(path, OF_FOLDERS.get(relative, relative), known["name"], known["title"])
    return None


def _names(assignment):
    return [target.id for target in assignment.targets if isinstance(target, ast.Name)]


def _order(script):
    is_figure = script.name.startswith("fig_")
    numbers = [int(part) for part in script.name.split("_")[1:]] if is_figure else []
    return script.report, not is_figure, numbers, script.name
