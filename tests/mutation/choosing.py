"""Which mutants are tried, and which tests look at one."""

import ast
import collections
import pathlib
import random
import re

from mutation.operators import Finder, constants_by_kind, is_valid

OURS = ("keras_vae", "reproductions")
LEFT_OUT = re.compile(r"/plots\.py$|/templates/|__main__\.py$|/benchmarks/")
# What a part of the program gets of the mutants: (name, paths, weight). The first that fits.
PARTS = (
    ("claims", r"claims|^reproductions/|vampprior/samples", 36),
    ("reports", r"experiments/reports/", 16),
    ("random streams", r"keras_vae/random|models/(importance|fused_steps)", 10),
    ("data sets", r"keras_vae/datasets/", 14),
    ("specs", r"runs/(spec|sweeps)|checks", 12),
    ("runs", r"experiments/runs/|callbacks", 16),
    ("export", r"keras_vae/export", 6),
    ("optimizers", r"optimizers", 6),
    ("models", r"keras_vae/models/|networks|layer_arrays", 14),
    ("objectives", r"objectives|path_gradients", 6),
    ("distributions", r"priors|posteriors|likelihoods|distributions", 12),
    ("measures", r"measures/|activity|geometry|linear_probe", 12),
    ("figures", r"experiments/figures/", 10),
    ("page", r"experiments/page/", 4),
    ("commands", r"keras_vae/cli/", 8),
    ("other", r"", 2),
)


def part(path):
    """The name of the part that a path belongs to."""
    return next(name for name, pattern, _ in PARTS if re.search(pattern, path))


def sources(root):
    """The texts of all modules that are mutated, by path."""
    root = pathlib.Path(root)
    files = [file for name in OURS for file in sorted((root / name).rglob("*.py"))]
    paths = {file.relative_to(root).as_posix(): file for file in files}
    return {
        path: file.read_text(encoding="utf-8")
        for path, file in paths.items()
        if not LEFT_OUT.search(path)
    }


def all_mutants(texts):
    """All mutants, valid or not, by path."""
    constants = {}
    for path, text in texts.items():
        file = pathlib.PurePosixPath(path)
        name = file.parent.name if file.name == "__init__.py" else file.stem
        constants.setdefault(name, constants_by_kind(ast.parse(text)))
    return {
        path: Finder(path, text, lambda name: constants.get(name, {})).mutants
        for path, text in texts.items()
    }


def shares(count, weights):
    """`count` apportioned to weights by largest remainders."""
    exact = [count * weight / sum(weights) for weight in weights]
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for index in by_remainder[: count - sum(whole)]:
        whole[index] += 1
    return whole


def in_turn(mutants, rng):
    """One part's mutants in the order they are taken.

    A module with four times as many is drawn twice as often, and its kinds come in turn.
    """
    paths = sorted(mutants)
    weights = {path: len(mutants[path]) ** 0.5 for path in paths}
    queues = {}
    for path in paths:
        kinds = collections.defaultdict(list)
        for mutant in mutants[path]:
            kinds[mutant.operator].append(mutant)
        queues[path] = [rng.sample(kinds[kind], len(kinds[kind])) for kind in sorted(kinds)]
        rng.shuffle(queues[path])
    while paths:
        path = rng.choices(paths, [weights[path] for path in paths])[0]
        kind = queues[path].pop(0)
        yield kind.pop()
        queues[path] += [kind] if kind else []
        if not queues[path]:
            paths.remove(path)


def sample(texts, count, seed, wanted=lambda mutant: True):
    """`count` valid mutants, the same for the same texts and seed.

    Arguments:
        texts: What `sources` gives.
        count: How many; fewer if there are fewer.
        seed: Integer.
        wanted: Function of a mutant that says whether it may be taken.
    """
    by_part = collections.defaultdict(dict)
    for path, mutants in all_mutants(texts).items():
        chosen = [mutant for mutant in mutants if wanted(mutant)]
        if chosen:
            by_part[part(path)][path] = chosen
    present = [(name, weight) for name, _, weight in PARTS if name in by_part]
    taken = []
    for (name, _), number in zip(present, shares(count, [w for _, w in present]), strict=True):
        rng = random.Random(f"{seed} {name}")
        valid = (m for m in in_turn(by_part[name], rng) if is_valid(m, texts[m.path]))
        taken += [mutant for mutant, _ in zip(valid, range(number), strict=False)]
    return taken


class Coverage:
    """Which tests run which lines.

    Arguments:
        recordings: What `children.Recorder` gives, by test file.
        texts: What `sources` gives.
    """

    def __init__(self, recordings, texts):
        self.tests, self.modules, self.imported = {}, {}, set()
        self.by_line, self.by_module = collections.defaultdict(set), collections.defaultdict(set)
        for file, recording in recordings.items():
            self.tests.update(recording["tests"])
            for path, lines in recording["imported"].items():
                self.imported.update((path, line) for line in lines)
            touched = set()
            for name, test in recording["tests"].items():
                for path, lines in test["lines"].items():
                    touched.add(path)
                    self.by_module[path].add(name)
                    for line in lines:
                        self.by_line[path, line].add(name)
            self.modules[file] = len(touched)
        self.trees = {path: ast.parse(text) for path, text in texts.items()}
        self.uses = collections.defaultdict(set)
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                name = getattr(node, "id", None) or getattr(node, "attr", None)
                name = name or (node.arg if isinstance(node, ast.keyword) else None)
                if name:
                    self.uses[name].add((path, node.lineno))

    def covering(self, mutant):
        """The tests that may see a mutant: a set of node ids.

        A line of a function is seen by the tests that run it. One that runs when the module is
        imported, as a field's default, by those that run a line with a name assigned there, and
        by all that run anything of the module: other lines of an import may pass it on to them.
        """
        path, function, names = mutant.path, *self.place(mutant)
        if function is None:
            uses = (self.by_line.get(use, ()) for name in names for use in self.uses[name])
            return {test for tests in uses for test in tests} | self.by_module[path]
        lines = range(function.body[0].lineno, mutant.line + 1)
        # Of a statement over several lines some are no lines of their own.
        ran = [line for line in lines if self.by_line.get((path, line))]
        if ran:
            return self.by_line[path, ran[-1]]
        # TensorFlow runs a copy of what it traces, whose lines are not recorded here.
        outer = self.by_line.get((path, function.lineno))
        on_import = any((path, line) in self.imported for line in lines)
        return outer or (self.by_module[path] if on_import else set())

    def place(self, mutant):
        """The function whose body holds a mutant, or None, and the names that are assigned."""
        function, names = None, set()
        for node in ast.walk(self.trees[mutant.path]):
            if not hasattr(node, "lineno") or not node.lineno <= mutant.line <= node.end_lineno:
                continue
            if isinstance(node, ast.FunctionDef):
                function = node if mutant.line >= node.body[0].lineno else function
                names.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                inner = (n for n in ast.walk(node) if isinstance(n, ast.Name))
                names |= {n.id for n in inner if isinstance(n.ctx, ast.Store)}
        return function, names

    def ordered(self, tests, module, most_seconds):
        """Which tests to run, in order: of the module's own file, named after it, quick ones.

        Returns:
            Node ids, and the seconds that they took when they were recorded, at most
            `most_seconds` if there is more than one.
        """

        def key(test):
            file = test.partition("::")[0]
            path = pathlib.PurePosixPath(module)
            own = path.stem in pathlib.PurePosixPath(file).stem
            # As the parameter of a test of all scripts.
            named = path.name in test
            return (not own, not named, self.modules[file], file, self.tests[test]["seconds"])

        chosen, seconds = [], 0.0
        for test in sorted(tests, key=key):
            longer = seconds + self.tests[test]["seconds"]
            if not chosen or longer <= most_seconds:
                chosen.append(test)
                seconds = longer
        return chosen, seconds
