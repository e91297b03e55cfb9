"""Mutants are the ones that are meant, samples repeat, and a line's tests are found."""

import types

import pytest
from mutation.choosing import Coverage, part, sample, shares
from mutation.operators import Finder, Mutant, is_valid

CHANGES = [
    ("x = 0", "constant", ["x = 1"]),
    ("x = 0.1", "constant", ["x = 0.2"]),
    ("x = 0.0", "constant", ["x = 1.0"]),
    ("x = True", "constant", ["x = False"]),
    ("x = 'word'", "constant", []),
    ("x = a < b <= c", "boundary", ["x = a <= b <= c", "x = a < b < c"]),
    ("x = (a) > (b)", "direction", ["x = (a) < (b)"]),
    ("x = a == b", "negation", ["x = a != b"]),
    ("x = a is not b", "negation", ["x = a is b"]),
    ("x = a in b", "membership", ["x = a not in b"]),
    ("x = (a or b) and c", "and to or", ["x = (a or b) or c"]),
    ("x = (a or b) and c", "or to and", ["x = (a and b) and c"]),
    ("x = not (a)", "drop not", ["x = (a)"]),
    ("x = -a", "drop minus", ["x = a"]),
    ("x = a + b * c", "+ to -", ["x = a - b * c"]),
    ("x = a + b * c", "* to /", ["x = a + b / c"]),
    ("x = folder / name", "/ to *", []),
    ("x = a + 'word'", "+ to -", []),
    ("x = f(a, b, c)", "swap arguments", ["x = f(b, a, c)", "x = f(a, c, b)"]),
    ("x = f(a, 'word')", "swap arguments", []),
    ("x = f(a, b=c, d=e)", "drop keyword", ["x = f(a, d=e)", "x = f(a, b=c)"]),
    ("x = f(b=c)", "drop keyword", ["x = f()"]),
    ("x = f(a, b=c)", "keyword to None", ["x = f(a, b=None)"]),
    ("a, b = c", "swap names", ["b, a = c"]),
    ("x = {'a': b, 'c': d}", "swap names", ["x = {'a': d, 'c': b}"]),
    ("x = a in (b, c)", "swap names", []),
    ("for a, b in c:\n    f(a)", "swap names", []),
    ("f(a)", "drop statement", ["pass"]),
    ("a += f(b)", "drop statement", ["pass"]),
    ("if a:\n    raise E(b)", "drop guard", ["pass"]),
    ("if a:\n    b = c", "drop guard", []),
    ("x = f(a, axis=-1)", "axis", ["x = f(a, axis=0)"]),
    ("x = min(a)", "min to max", ["x = max(a)"]),
    ("x = a.mean(b)", "mean to sum", ["x = a.sum(b)"]),
    ("x = sum(a)", "sum to mean", []),
    ("AA, BB, C_C = range(3)\nx = AA", "another constant", ["AA, BB, C_C = range(3)\nx = BB"]),
    ("AA = 1\nBB = 'b'\nx = AA", "another constant", []),
    ("x = random.AA", "another constant", ["x = random.BB"]),
]
LEFT_ALONE = [
    '"""Docstring: 1 < 2."""',
    "__all__ = [a, b]",
    "raise E(a, b + 1, c=d)",
    "x = f'{a + 1}'",
    "@f(a, b)\ndef g(x: int | 1) -> f(2): pass",
    "def __repr__(self):\n    return a + 1",
    "def draw_counts(data):\n    return data + 1",
    "def g(axis, a):\n    return a + 1",
    "axis.plot(a, b, linewidth=2)",
    "logger.warning(a, b)",
    "if __name__ == '__main__':\n    f(a, b)",
]


def constants(module):
    return {"AA": "int", "BB": "int"} if module == "random" else {}


@pytest.mark.parametrize(("source", "operator", "expected"), CHANGES)
def test_operators_change_what_they_name(source, operator, expected):
    mutants = [m for m in Finder("a.py", source, constants).mutants if m.operator == operator]
    assert [mutant.apply(source) for mutant in mutants] == expected
    assert all(is_valid(mutant, source) for mutant in mutants)


@pytest.mark.parametrize("source", LEFT_ALONE)
def test_what_no_test_of_behaviour_looks_at_is_left_alone(source):
    assert Finder("a.py", source).mutants == []


def test_a_mutant_tells_its_line_and_the_lines_that_differ():
    source = "é = 1\nif (a and\n        b):\n    f()\n"
    (mutant,) = (m for m in Finder("p/a.py", source).mutants if m.operator == "and to or")
    assert mutant.name == "p/a.py:2 and to or"
    assert mutant.changed_lines(source) == ("if (a and", "if (a or")
    assert not is_valid(Mutant("a.py", 1, "drop", 0, 2, "é "), source)
    assert not is_valid(Mutant("a.py", 1, "drop", 0, 2, ""), source)


def test_samples_repeat_and_are_shared_among_parts():
    lines = "\n".join(f"x{i} = f(a < {i})" for i in range(12))
    texts = {f"keras_vae/{name}.py": lines for name in ("random", "export", "priors")}
    first, again, other = (sample(texts, 28, seed) for seed in (0, 0, 1))
    assert first == again != other and len(set(first)) == 28
    counts = {name: sum(part(m.path) == name for m in first) for name in map(part, texts)}
    assert counts == {"random streams": 10, "export": 6, "distributions": 12}
    only = sample(texts, 5, 0, lambda mutant: mutant.operator == "boundary")
    assert {mutant.operator for mutant in only} == {"boundary"}
    assert shares(10, [1, 1, 1]) == [4, 3, 3] and shares(3, [5, 1]) == [3, 0]


def test_tests_that_run_a_line_or_a_name_of_it_cover_a_mutant():
    texts = {
        "keras_vae/a.py": "LIMIT = 3\nUNUSED = 4\n\n\n"
        "def f(x):\n    y = g(\n        x)\n    return y\n",
        "keras_vae/b.py": "def g(x):\n    return x + LIMIT\n",
    }
    wide = {
        "tests/test_b.py::wide": {
            "seconds": 2.0,
            "lines": {"keras_vae/a.py": [6, 8], "keras_vae/b.py": [2]},
        },
        "tests/test_b.py::quick": {"seconds": 1.0, "lines": {"keras_vae/b.py": [2]}},
    }
    own = {"tests/test_a.py::own": {"seconds": 5.0, "lines": {"keras_vae/a.py": [6]}}}
    recordings = {
        "tests/test_b.py": {"tests": wide, "imported": {}},
        "tests/test_a.py": {"tests": own, "imported": {"keras_vae/a.py": [1, 2, 5]}},
    }
    coverage = Coverage(recordings, texts)

    def covering(line, path="keras_vae/a.py"):
        tests = coverage.covering(types.SimpleNamespace(path=path, line=line))
        return {test.partition("::")[2] for test in tests}

    assert covering(7) == {"wide", "own"} and covering(8) == {"wide"}
    assert covering(1) == {"wide", "quick", "own"}
    assert covering(2) == {"wide", "own"}
    tests, seconds = coverage.ordered(coverage.tests, "keras_vae/a.py", most_seconds=6.0)
    assert [test.partition("::")[2] for test in tests] == ["own", "quick"] and seconds == 6.0
