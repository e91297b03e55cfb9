"""Which of the reproduction scripts a user means."""

from collections.abc import Sequence

from keras_vae.cli.errors import MISUSED, CommandError
from keras_vae.experiments.figures.catalogue import Script


def choose(scripts: Sequence[Script], names: Sequence[str]) -> list[Script]:
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


def of_report(scripts: Sequence[Script], report: str) -> list[Script]:
    """Returns a report's scripts.

    Raises:
        CommandError: If there is no such report.
    """
    found = [s for s in scripts if f"{s.report}/".startswith(f"{report}/")]
    if not found:
        reports = ", ".join(dict.fromkeys(script.report for script in scripts))
        raise CommandError(f"Unknown report: {report!r}. Reports: {reports}.", MISUSED)
    return found


def _only(scripts: Sequence[Script], name: str) -> Script:
    found = [script for script in scripts if script.is_called(name)]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = ", ".join(script.figure for script in found)
        raise CommandError(f"Several figures are called {name!r}: {candidates}.", MISUSED)
    valid = "\n".join(f"  {script.figure}" for script in scripts)
    raise CommandError(f"Unknown figure: {name!r}. Figures:\n{valid}", MISUSED)
