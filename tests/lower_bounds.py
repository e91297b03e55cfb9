"""Runs the suite at the lowest versions that setup.py declares, or on another Python.

    python tests/lower_bounds.py                            # lowest versions, this Python
    python tests/lower_bounds.py --newest --python 3.13     # newest versions, Python 3.13
    python tests/lower_bounds.py --only-import              # installs and imports, no suite
    python tests/lower_bounds.py --environment DIR -- tests/test_priors.py -x

Each makes a virtual environment (a temporary one unless `--environment` names a folder, which is
used again as it is), installs this checkout with its `test` extra and runs pytest with what stands
after `--`. Lowest versions are the bounds themselves, `numpy>=2.0` as `numpy==2.0`, so that a
bound has to be a release that installs together with the others.
"""

import argparse
import glob
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import tempfile
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[1]
EXTRA = "test"
IMPORTS = "import keras_vae, keras_vae.export, keras_vae.cli.command_line, tensorflow_datasets"
SUITE = ["-q", "-n", "2", "--dist", "loadfile", "tests"]


def parse(arguments=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", help="version (3.12) or path of an interpreter (this one)")
    parser.add_argument("--newest", action="store_true", help="newest versions and not the lowest")
    parser.add_argument("--environment", type=pathlib.Path, help="folder of the environment")
    parser.add_argument("--only-import", action="store_true", help="no suite")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --", default=SUITE)
    return parser.parse_args(arguments)


def declared():
    """The requirements of setup.py with those of its `test` extra."""
    with mock.patch("setuptools.setup") as setup, mock.patch.object(sys, "path", list(sys.path)):
        runpy.run_path(str(ROOT / "setup.py"))
    asked = setup.call_args.kwargs
    return asked["install_requires"] + asked["extras_require"][EXTRA]


def lowest(requirement):
    """`name>=bound; marker` as `name==bound; marker`.

    Raises ValueError for a requirement without exactly one lower bound.
    """
    specifier, semicolon, marker = requirement.partition(";")
    name, at_least, bound = specifier.partition(">=")
    if not at_least or any(sign in bound for sign in ",<>=!~"):
        raise ValueError(f"a requirement has one lower bound, as in 'numpy>=2.0': {requirement!r}")
    return f"{name}=={bound}{semicolon}{marker}"


def interpreter(asked):
    """The path of the Python that `asked` names: a version, a path, or None for this one."""
    if asked is None:
        return sys.executable
    # pyenv's shims refuse a version that is not the selected one, although it is installed.
    pyenv = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{asked}*/bin/python3")))
    candidates = filter(None, map(shutil.which, [asked, f"python{asked}", *pyenv]))
    for found in candidates:
        if subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    sys.exit(f"no Python {asked} runs here")


def make(folder, python, requirements):
    """Makes a virtual environment with this checkout and `requirements`; its Python."""
    ours = folder / "bin" / "python"
    if not ours.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        # A copy, since building leaves folders beside setup.py.
        with tempfile.TemporaryDirectory() as copy:
            source = pathlib.Path(copy) / "keras_vae"
            shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", "__pycache__"))
            install = [ours, "-m", "pip", "install", "-q", f"{source}[{EXTRA}]", *requirements]
            subprocess.run(install, check=True)
    return ours


def main(arguments=None):
    """Installs, imports, and runs the suite; returns pytest's exit code."""
    asked = parse(arguments)
    requirements = [] if asked.newest else [lowest(each) for each in declared()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.environment or pathlib.Path(temporary) / "environment").absolute()
        python = make(folder, interpreter(asked.python), requirements)
        # Not from the checkout: what is installed has to import.
        subprocess.run([python, "-c", IMPORTS], cwd=folder, check=True)
        subprocess.run([python, "-m", "pip", "check"], check=True)
        subprocess.run([python, "-m", "pip", "list"], check=True)
        if asked.only_import:
            return 0
        # What other packages' old versions warn of is no fault of ours.
        warnings = [] if asked.newest else ["-W", "default"]
        suite = [python, "-m", "pytest", *warnings, *asked.pytest]
        return subprocess.run(suite, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
