"""A net for moving things: whether a change to the code left every number as it was, bit for bit.

Before a change, in a checkout of the state to keep, write that state to a folder outside the
repository; after it, on the same machine, compare:

    python tests/golden.py write ../golden            # once, before
    python tests/golden.py compare ../golden          # after; names every difference

`compare` ends with status 0 and a count if all is equal, with 1 if anything differs, and with 2 if
it cannot compare: other versions, another processor or other XLA_FLAGS give other bits. `--only
'figures/activity*'` restricts either to some items. `--allow-new-keys` lets fields be added: they
are named, but are no failure. A new or a missing item, and a list of another length, always are.
Have the same `golden_items.py` and `made_up_runs.py`, but for their imports, on both sides.

An item is a golden run or a figure. `runs/*` are trained for three tiny epochs through the run
store: history, activity, weights, optimiser variables, log-likelihood and run id. `figures/*` are
those of every reproduction script on made-up runs: noisy ones that decide nothing (`smoke`), and
settled ones that are the higher the later (`up`) or earlier (`down`) their method comes, so that
claims get both verdicts. Compared are data, captions, tables, claims and the picture's pixels.
"""

import argparse
import dataclasses
import fnmatch
import importlib.metadata
import json
import logging
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
ENVIRONMENT = "environment.json"
PACKAGES = (
    *("tensorflow", "keras", "tensorflow-probability", "numpy", "scipy", "scikit-learn"),
    *("matplotlib", "pillow", "mlxtend"),
)
# Settings on which the rounding of numbers depends.
SETTINGS = ("XLA_FLAGS", "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS")
TEXT_CHARACTERS = 60


class GoldenError(Exception):
    """A state cannot be written or compared; the message says why."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Something that is not as it was.

    Attributes:
        key: Path of the value in its item; empty for a whole item.
        what: What is different, in words.
        is_new_key: Whether a key was added, and nothing else.
    """

    key: str
    what: str
    is_new_key: bool = False


def flatten(content, path=""):
    """Leaves of nested JSON-compatible values by their path.

    A list of numbers is one leaf, and every other list has its length as a leaf too.

    Arguments:
        content: What `json.loads` returns.
        path: Path of `content` itself.

    Returns:
        Dictionary of numbers, texts, booleans, None, arrays' lists, and empty dictionaries.
    """
    if isinstance(content, dict) and content:
        parts = content.items()
    elif isinstance(content, list) and not all(_is_number(value) for value in content):
        parts = [("length", len(content)), *enumerate(content)]
    else:
        return {path: content}
    leaves = {}
    for name, value in parts:
        leaves |= flatten(value, f"{path}/{name}" if path else str(name))
    return leaves


def differences(expected, found):
    """Lists what differs between two states of an item.

    Arguments:
        expected: Dictionary of leaves and arrays by key, as it was.
        found: The same, as it is.

    Returns:
        List of `Difference`, in the order of the keys.
    """
    listed = []
    for key in [*expected, *(key for key in found if key not in expected)]:
        if key not in found:
            listed.append(Difference(key, "missing"))
        elif key not in expected:
            listed.append(Difference(key, f"new key: {_short(found[key])}", is_new_key=True))
        elif what := _difference(expected[key], found[key]):
            listed.append(Difference(key, what))
    return listed


def write(folder, items, environment):
    """Writes a state; the environment comes last, as without it a folder is no complete state.

    Arguments:
        folder: Folder that holds no state yet.
        items: Dictionary by name of functions that return JSON-compatible values and arrays.
        environment: JSON-compatible dictionary.

    Raises:
        GoldenError: If there is a state already.
    """
    if (folder / ENVIRONMENT).exists():
        raise GoldenError(f"{folder} holds a state already. Name another folder, or delete it.")
    for name, make in items.items():
        started = time.process_time()
        values, arrays = make()
        path = folder / name
        _write_json(path.with_name(path.name + ".json"), values)
        np.savez(path.with_name(path.name + ".npz"), **arrays)
        print(f"wrote {name}, {time.process_time() - started:.1f} s of a core", flush=True)
    _write_json(folder / ENVIRONMENT, environment)


def compare(folder, items, environment, only="*"):
    """Yields what differs from a written state, item by item.

    Arguments:
        folder: Folder that `write` filled.
        items: Dictionary by name of functions, as in `write`.
        environment: JSON-compatible dictionary that has to be the state's.
        only: Pattern of the names to compare.

    Yields:
        Pairs of an item's name and its list of `Difference`, in the order of `items`.

    Raises:
        GoldenError: If there is no complete state, or it was written in another environment.
    """
    _check_environment(folder, environment)
    paths = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.npz"))
    written = sorted(fnmatch.filter(map(str, paths), only))
    for name, make in items.items():
        if name not in written:
            yield name, [Difference("", "new item")]
            continue
        try:
            found = _leaves(*make())
        # The others are to be compared even so.
        except Exception as error:
            yield name, [Difference("", f"fails with {error!r}")]
            continue
        yield name, differences(_read(folder / name), found)
    for name in written:
        if name not in items:
            yield name, [Difference("", "missing item")]


def report(compared, allow_new_keys=False):
    """Prints every difference and a count.

    Arguments:
        compared: What `compare` yields.
        allow_new_keys: Whether added keys are no failure.

    Returns:
        Exit status: 0 if nothing differs, else 1.
    """
    items = failures = additions = 0
    for name, listed in compared:
        items += 1
        for one in listed:
            allowed = allow_new_keys and one.is_new_key
            failures, additions = failures + (not allowed), additions + allowed
            print(f"{name}: {one.key}: {one.what}" if one.key else f"{name}: {one.what}")
        sys.stdout.flush()
    added = f", {additions} new keys" if additions else ""
    print(f"{items} items, {failures} differences{added}")
    return int(failures > 0 or items == 0)


def current_environment():
    """What the bits of a number depend on beside the code, as JSON-compatible values."""
    return {
        "settings": {name: os.environ.get(name) for name in SETTINGS},
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "processor": _processor(),
    }


def current_commit():
    """The checkout's commit, with a mark if files differ from it; None without git."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def main(argv=None):
    """Writes or compares from the command line; returns the exit status."""
    arguments = _parse(argv)
    folder = arguments.folder.expanduser().resolve()
    try:
        if folder.is_relative_to(REPOSITORY):
            raise GoldenError(f"Name a folder outside {REPOSITORY}. Received: {folder}.")
        environment = current_environment()
        if arguments.command == "compare":
            # Before TensorFlow is imported.
            _check_environment(folder, environment)
        with tempfile.TemporaryDirectory() as cache:
            os.environ["KERAS_VAE_CACHE"] = cache
            items = _select(arguments.only)
            if arguments.command == "write":
                write(folder, items, {**environment, "commit": current_commit()})
                print(f"{len(items)} items in {folder}")
                return 0
            compared = compare(folder, items, environment, arguments.only)
            return report(compared, arguments.allow_new_keys)
    except GoldenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("command", choices=("write", "compare"), help="what to do with this checkout's state")
    add("folder", type=pathlib.Path, help="folder of a state, outside the repository")
    add("--only", default="*", help="pattern of items' names")
    add("--allow-new-keys", action="store_true", help="for `compare`: added keys are no failure")
    return parser.parse_args(argv)


def _select(pattern):
    """The items whose names match; imports TensorFlow, with one thread, for the same bits."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # This checkout, whichever is installed.
    sys.path.insert(0, str(REPOSITORY))
    from golden_items import all_items

    from keras_vae._internal import backend

    backend.configure(threads=1)
    # Of functions that are traced anew: every run is another model.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    items = {name: make for name, make in all_items().items() if fnmatch.fnmatch(name, pattern)}
    if not items:
        raise GoldenError(f"No item is named {pattern!r}.")
    return items


def _check_environment(folder, environment):
    path = folder / ENVIRONMENT
    if not path.exists():
        raise GoldenError(f"{folder} holds no complete state: `write` one there first.")
    written = json.loads(path.read_text(encoding="utf-8"))
    del written["commit"]
    if unlike := differences(flatten(written), flatten(environment)):
        listed = "; ".join(f"{one.key}: {one.what}" for one in unlike)
        raise GoldenError(f"{folder} was written in another environment: {listed}")


def _processor():
    """Its name, and the flags that TensorFlow chooses its instructions by."""
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    return {"name": found.get("model name", platform.machine()), "flags": found.get("flags", "")}


def _write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _read(path):
    values = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
    with np.load(path.with_name(path.name + ".npz"), allow_pickle=False) as archive:
        return {**flatten(values), **archive}


def _leaves(values, arrays):
    return {**flatten(json.loads(json.dumps(values))), **arrays}


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _difference(expected, found):
    """What differs between two leaves, in words; None if all bits are equal."""
    both = (expected, found)
    if all(isinstance(one, np.ndarray) for one in both):
        if (expected.dtype, expected.shape) != (found.dtype, found.shape):
            return f"{_short(expected)} -> {_short(found)}"
        return None if expected.tobytes() == found.tobytes() else _largest(expected, found)
    if any(isinstance(one, np.ndarray) for one in both):
        return f"{_short(expected)} -> {_short(found)}"
    # Texts of JSON tell 1 from 1.0 and 0.0 from -0.0, and a NaN is like another.
    if json.dumps(expected) == json.dumps(found):
        return None
    if all(isinstance(one, list) for one in both) and len(expected) == len(found):
        return _largest(np.array(expected), np.array(found))
    if all(_is_number(one) for one in both):
        return f"{expected!r} -> {found!r}, by {abs(found - expected):.3g}"
    return f"{_short(expected, found)} -> {_short(found, expected)}"


def _largest(expected, found):
    """Where two arrays of one shape differ most."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    distance[np.isnan(distance)] = np.inf
    distance[(expected == found) | (np.isnan(expected) & np.isnan(found))] = 0.0
    index = np.unravel_index(np.argmax(distance), distance.shape)
    place = ", ".join(map(str, index))
    return (
        f"{np.count_nonzero(distance)} of {distance.size} values differ, most by "
        f"{distance[index]:.3g} at [{place}]: {expected[index]!r} -> {found[index]!r}"
    )


def _short(value, other=None):
    """A leaf in a few words; of a long text, from where it begins to differ from another."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= TEXT_CHARACTERS:
        return text
    against = json.dumps(other, ensure_ascii=False)
    differ = (i for i, (a, b) in enumerate(zip(text, against, strict=False)) if a != b)
    start = next(differ, min(len(text), len(against)))
    start = max(0, start - TEXT_CHARACTERS // 3) if other is not None else 0
    part = text[start : start + TEXT_CHARACTERS]
    return f"{'...' if start else ''}{part}{'...' if start + len(part) < len(text) else ''}"


if __name__ == "__main__":
    sys.exit(main())
