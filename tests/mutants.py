"""Mutation testing: puts small mistakes into the program and lists those that no test notices.

    pip install '.[test]' coverage
    python tests/mutants.py --count 160 --jobs 2 --output FOLDER
    python tests/mutants.py --only 'datasets/.*swap' --tests test_datasets --output FOLDER

Every mutant runs the tests that cover its line, in a child forked from a process that has
TensorFlow imported. First, each test file is recorded once: which test runs which lines. All is
kept in the output folder; a second call goes on where the first one ended, and records only what
has changed. `results.json` holds every mutant; `--survivors` tries its survivors once more.

Why not mutmut 3 or cosmic-ray (neither was run here): mutmut does not mutate what stands outside
functions, such as the fields of a spec, and is expected to fork after TensorFlow has started its
threads; cosmic-ray is expected to start a process for each mutant, which takes ten seconds of
imports. Neither is known to have operators for wiring, such as one noise's purpose in the place of
another's.
"""

import argparse
import collections
import json
import pathlib
import re
import sys
import time

from mutation import children
from mutation.choosing import Coverage, part, sample, sources

ROOT = pathlib.Path(__file__).resolve().parents[1]
EQUIVALENT = pathlib.Path(__file__).with_name("mutation") / "equivalent.json"
RECORDING_SECONDS = 900
STARTING_SECONDS = 90


def parse(arguments=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=pathlib.Path, help="folder outside the checkout")
    parser.add_argument("--count", type=int, default=160, help="mutants (160)")
    parser.add_argument("--seed", type=int, default=0, help="which sample of them (0)")
    parser.add_argument("--only", default="", help="pattern of `path:line operator`")
    parser.add_argument("--tests", default="", help="pattern of the test files that are run")
    parser.add_argument("--slow", action="store_true", help="run tests marked slow too")
    parser.add_argument("--jobs", type=int, default=1, help="children at once (1)")
    parser.add_argument("--most-seconds", type=float, default=120.0, help="tests of one mutant")
    parser.add_argument("--lock", type=pathlib.Path, help="children hold a shared lock on it")
    parser.add_argument("--list", action="store_true", help="show the mutants and run nothing")
    parser.add_argument("--survivors", action="store_true", help="the last run's survivors only")
    asked = parser.parse_args(arguments)
    if not (asked.list or asked.output):
        parser.error("--output is needed")
    if asked.output and asked.output.resolve().is_relative_to(ROOT):
        parser.error("--output has to be outside the checkout")
    return asked


def identity(mutant, texts):
    """What names a mutant whatever its line's number: path, operator, line before and after."""
    before, after = mutant.changed_lines(texts[mutant.path])
    return {"path": mutant.path, "operator": mutant.operator, "before": before, "after": after}


def key(named):
    """What `identity` gives, of a mutant or of a result, as a tuple."""
    return tuple(named[word] for word in ("path", "operator", "before", "after"))


def chosen_mutants(asked, texts):
    """The sample, without mutants known to be equivalent; (mutant, identity) pairs."""
    known = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    known = {key(each) for each in known}
    mutants = sample(texts, asked.count, asked.seed, lambda m: re.search(asked.only, m.name))
    pairs = [(mutant, identity(mutant, texts)) for mutant in mutants]
    return [(mutant, named) for mutant, named in pairs if key(named) not in known]


class Pool:
    """At most so many children at once, each with a copy of the checkout for itself.

    Arguments:
        asked: The command line.
    """

    def __init__(self, asked):
        self.asked, self.running = asked, {}
        folders = [asked.output / "copies" / str(job) for job in range(asked.jobs)]
        self.free = [children.copy_checkout(ROOT, folder) for folder in folders]

    def start(self, arguments, plugin, seconds, prepare, done):
        """Runs pytest in a child as soon as one is free.

        Arguments:
            arguments: pytest's.
            plugin: Function from the checkout to a plugin.
            seconds: Time limit.
            prepare: Function of the checkout, called before; what it returns is called after.
            done: Function of exit code, result (None without one), log and seconds.
        """
        if not self.free:
            self.finish_one()
        copy = self.free.pop(0)
        output = self.asked.output / "logs" / copy.name
        output.parent.mkdir(exist_ok=True)
        output.with_suffix(".json").unlink(missing_ok=True)
        undo = prepare(copy)
        slow = [] if self.asked.slow else ["-m", "not slow"]
        pid = children.fork(
            copy, [*slow, *arguments], plugin(copy), output, seconds, self.asked.lock
        )
        self.running[pid] = (copy, output, undo, done, time.monotonic())

    def finish_one(self):
        """Waits for a child and hands on what it found."""
        pid, code = children.wait()
        copy, output, undo, done, start = self.running.pop(pid)
        undo()
        self.free.append(copy)
        file = output.with_suffix(".json")
        result = json.loads(file.read_text()) if file.exists() else None
        log = output.with_suffix(".log").read_text(errors="replace")
        done(code, result, log, time.monotonic() - start)

    def finish(self):
        """Waits for all."""
        while self.running:
            self.finish_one()


def record(asked, pool):
    """The recordings of all test files asked for, by path; those of an earlier call if fresh."""
    folder = asked.output / "recordings"
    folder.mkdir(exist_ok=True)
    found = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        path = file.relative_to(ROOT).as_posix()
        if not re.search(asked.tests, path) or path.startswith("tests/mutation/"):
            continue
        kept = folder / f"{path.replace('/', '.')}.json"
        if kept.exists() and children.is_fresh(json.loads(kept.read_text()), ROOT):
            found[path] = json.loads(kept.read_text())
            continue

        def done(code, result, log, seconds, path=path, kept=kept):
            if result is None:
                sys.exit(f"{path} could not be recorded (exit code {code}):\n{log[-3000:]}")
            found[path] = children.with_digests(result, ROOT, path)
            kept.write_text(json.dumps(found[path]))
            failed = f", failed: {', '.join(result['failed'])}" if result["failed"] else ""
            print(
                f"recorded {path}: {len(result['tests'])} tests, {seconds:.0f} s{failed}",
                flush=True,
            )

        options = ["--maxfail", "1000", path]
        pool.start(options, children.Recorder, RECORDING_SECONDS, lambda copy: lambda: None, done)
    pool.finish()
    return found


def outcome(code):
    """One word for an exit code of pytest."""
    # 4: the conftest that imports the mutant failed. Negative: a signal, 14 being the time limit's.
    words = {0: "survived", -14: "timed out", 1: "killed", 2: "killed", 4: "killed"}
    return words.get(code, "killed" if code < 0 else "error")


def try_mutant(mutant, named, texts, coverage, pool, report):
    """Starts the tests that cover a mutant; `report` gets what is known of it in the end."""
    tests, expected = coverage.ordered(
        coverage.covering(mutant), mutant.path, pool.asked.most_seconds
    )
    about = {"name": mutant.name, **named, "part": part(mutant.path), "tests": len(tests)}
    if not tests:
        report({**about, "outcome": "survived", "by": None, "seconds": 0.0})
        return

    def prepare(copy):
        file, text = copy / mutant.path, texts[mutant.path]
        children.write(file, mutant.apply(text))
        return lambda: children.write(file, text)

    def done(code, result, log, seconds):
        known = {"outcome": outcome(code), "by": result, "seconds": round(seconds, 1)}
        report({**about, **known, **({"log": log[-3000:]} if outcome(code) == "error" else {})})

    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    seconds = STARTING_SECONDS + 4 * expected
    pool.start(files, lambda copy: children.Chosen(tests), seconds, prepare, done)


def describe(result):
    """A mutant and what became of it, in three lines."""
    by = f" by {result['by']}" if result["by"] else f" {result['tests'] or 'no'} tests"
    return (
        f"{result['outcome']}: {result['name']} ({result['seconds']:.0f} s,{by})\n"
        f"    - {result['before']}\n    + {result['after']}"
    )


def table(results):
    """Mutants and outcomes by part, as text; a mutant that ran out of time is killed."""
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        for name in (result["part"], "all"):
            counts[name][result["outcome"]] += 1
    lines = [
        f"{'part':<16}{'mutants':>9}{'killed':>8}{'survived':>10}{'timed out':>11}{'error':>7}"
    ]
    for name in [*sorted(counts.keys() - {"all"}), *(["all"] if counts else [])]:
        c = counts[name]
        killed = c["killed"] + c["timed out"]
        lines.append(
            f"{name:<16}{sum(c.values()):>9}{killed:>8}{c['survived']:>10}"
            f"{c['timed out']:>11}{c['error']:>7}"
        )
    return "\n".join(lines)


def main(arguments=None):
    """Samples, records, tries and reports; 1 if a mutant survived."""
    asked = parse(arguments)
    texts = sources(ROOT)
    mutants = chosen_mutants(asked, texts)
    if asked.list:
        for mutant, named in mutants:
            print(f"{mutant.name}\n    - {named['before']}\n    + {named['after']}")
        return 0
    asked.output.mkdir(parents=True, exist_ok=True)
    file = asked.output / "results.json"
    results = json.loads(file.read_text()) if file.exists() else []
    if asked.survivors:
        results = [each for each in results if each["outcome"] in ("killed", "timed out")]
    ours = {key(named) for _, named in mutants}
    results = [result for result in results if key(result) in ours]
    tried = {key(result) for result in results}

    children.import_heavy()
    pool = Pool(asked)
    coverage = Coverage(record(asked, pool), texts)

    def report(result):
        results.append(result)
        file.write_text(json.dumps(results, indent=1))
        print(describe(result), flush=True)

    for mutant, named in mutants:
        if key(named) not in tried:
            try_mutant(mutant, named, texts, coverage, pool, report)
    pool.finish()
    survivors = [result for result in results if result["outcome"] in ("survived", "error")]
    print("\n".join(["", table(results), "", *(describe(result) for result in survivors)]))
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
