"""Mutants of a Python file: small wrong programs that differ from it in one place.

A mutant is one textual replacement, found in the syntax tree, so that all other lines stay as
they are. Left alone are what no test of behaviour looks at: docstrings, messages, annotations,
decorators, `__all__`, `__repr__` and drawing.
"""

import ast
import dataclasses
import difflib
import re
from itertools import pairwise

COMPARISONS = {
    "boundary": {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"},
    "direction": {ast.Lt: ">", ast.LtE: ">=", ast.Gt: "<", ast.GtE: "<="},
    "negation": {ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is"},
    "membership": {ast.In: "not in", ast.NotIn: "in"},
}
SIGNS = re.compile(r"<=|>=|==|!=|<|>|not\s+in|is\s+not|\bin\b|\bis\b")
ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")}
PAIRS = [("min", "max"), ("mean", "sum"), ("any", "all"), ("argmin", "argmax"), ("floor", "ceil")]
PAIRS += [("minimum", "maximum"), ("reduce_mean", "reduce_sum"), ("reduce_min", "reduce_max")]
OPPOSITES = {**dict(PAIRS), **{second: first for first, second in PAIRS}}
# No builtins, other than `min` and `any`.
METHODS_ONLY = ("mean", "sum")
# `folder / name` is no division.
PATH = re.compile(r"folder|path|cache|root|dir|store|file", re.IGNORECASE)
DRAWS = re.compile(r"_?(draw|plot|label|legend)(_|$)")
DRAWN_ON = {"axis", "axes", "ax", "plt", "logger"}
WORDS = {"help", "title", "label", "caption", "description", "metavar", "statement", "rule"}
WORDS |= {"reported", "color", "linewidth", "linestyle", "fontsize", "epilog", "prog"}
# Without these nothing runs: a mutant that says nothing of the tests.
NEEDED = {"specs", "analyse", "picture", "name"}
# Arguments whose order does not matter, or that fail at once the other way round.
NOT_SWAPPED = {"isinstance", "getattr", "hasattr", "print", "warn", "super", "cast", "next", "type"}
NOT_SWAPPED |= {"fromkeys", "swapaxes", "max", "min", "maximum", "minimum", "check_choice"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One replacement in the text of a file.

    Attributes:
        path: The file, relative to the checkout, with forward slashes.
        line: Where it begins, from 1.
        operator: What kind of change it is.
        start, end: Offsets in the UTF-8 text of what is replaced.
        replacement: What stands there instead.
    """

    path: str
    line: int
    operator: str
    start: int
    end: int
    replacement: str

    @property
    def name(self):
        """`path:line operator`."""
        return f"{self.path}:{self.line} {self.operator}"

    def apply(self, source):
        """The mutated text."""
        text = source.encode()
        return (text[: self.start] + self.replacement.encode() + text[self.end :]).decode()

    def changed_lines(self, source):
        """The lines that differ, stripped: those of `source` and those of the mutant."""
        lines = difflib.ndiff(source.splitlines(), self.apply(source).splitlines())
        lines = [line for line in lines if line[0] in "+-"]
        return tuple(" ".join(line[2:].strip() for line in lines if line[0] == s) for s in "-+")


def is_text(node):
    """Whether an expression is a string, an f-string or made of them."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def constants_by_kind(tree):
    """Module-level ALL_CAPS names with a word for the kind of their values."""
    found = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            value = statement.value
            kind = type(value.value if isinstance(value, ast.Constant) else value).__name__
            for name in (n for t in statement.targets for n in ast.walk(t)):
                if isinstance(name, ast.Name) and name.id.isupper() and len(name.id) > 1:
                    found[name.id] = kind
    return found


def neighbour(name, constants):
    """The next of `constants` of the same kind, or None if there is no other."""
    same = [other for other, kind in constants.items() if kind == constants.get(name)]
    return same[(same.index(name) + 1) % len(same)] if len(same) > 1 else None


class Finder(ast.NodeVisitor):
    """Collects the mutants of one file in `self.mutants`.

    Arguments:
        path: Its path.
        source: Its text.
        constants: Function from a module's last name, such as `"random"`, to what
            `constants_by_kind` gives for that module.
    """

    def __init__(self, path, source, constants=lambda module: {}):
        self.path, self.text, self.mutants = path, source.encode(), []
        self.offsets = [0]
        for line in self.text.splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))
        tree = ast.parse(source)
        self.constants, self.own = constants, constants_by_kind(tree)
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom) and statement.module:
                theirs = constants(statement.module.rpartition(".")[2])
                names = (alias.name for alias in statement.names)
                self.own.update({name: theirs[name] for name in names if name in theirs})
        self.visit(tree)

    def start(self, node):
        return self.offsets[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self.offsets[node.end_lineno - 1] + node.end_col_offset

    def source(self, node):
        return self.text[self.start(node) : self.end(node)].decode()

    def replace(self, node, operator, replacement, start=None, end=None):
        start = self.start(node) if start is None else start
        end = self.end(node) if end is None else end
        if self.text[start:end].decode() != replacement:
            line = self.text.count(b"\n", 0, start) + 1
            mutant = Mutant(self.path, line, operator, start, end, replacement)
            self.mutants.append(mutant)

    def between(self, left, right, operator, change):
        """Changes what stands between two nodes, such as an operator's sign."""
        start, end = self.end(left), self.start(right)
        text = self.text[start:end].decode()
        self.replace(left, operator, change(text), start, end)

    def swap(self, operator, first, second):
        start, end = self.start(first), self.end(second)
        gap = self.text[self.end(first) : self.start(second)].decode()
        self.replace(first, operator, self.source(second) + gap + self.source(first), start, end)

    def visit_nothing(self, node):
        """What is left alone, with all that it holds."""

    visit_JoinedStr = visit_Raise = visit_Import = visit_ImportFrom = visit_nothing

    def visit_FunctionDef(self, node):
        arguments = node.args.posonlyargs + node.args.args
        names = {argument.arg for argument in arguments + node.args.kwonlyargs}
        draws = DRAWS.match(node.name) and "seed" not in names
        if node.name in ("__repr__", "__str__") or draws or DRAWN_ON & names:
            return
        defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        for child in [*defaults, *node.body]:
            self.visit(child)

    def visit_ClassDef(self, node):
        for child in node.body:
            self.visit(child)

    def visit_Assign(self, node):
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node):
        self.replace(node, "drop statement", "pass")
        self.generic_visit(node)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call):
            if not self.draws(node.value):
                self.replace(node, "drop statement", "pass")
            self.visit(node.value)

    def visit_For(self, node):
        # The targets swapped would fail at once.
        for child in [node.iter, *node.body]:
            self.visit(child)

    def visit_comprehension(self, node):
        for child in [node.iter, *node.ifs]:
            self.visit(child)

    def visit_If(self, node):
        if "__name__" in self.source(node.test):
            return
        guards = (ast.Raise, ast.Return, ast.Continue, ast.Break)
        if len(node.body) == 1 and isinstance(node.body[0], guards) and not node.orelse:
            self.replace(node, "drop guard", "pass")
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            self.replace(node, "constant", str(not node.value))
        elif isinstance(node.value, int):
            self.replace(node, "constant", repr(node.value + 1))
        elif isinstance(node.value, float):
            self.replace(node, "constant", repr(node.value * 2 or 1.0))

    def visit_Compare(self, node):
        sides = [node.left, *node.comparators]
        for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
            for operator, changes in COMPARISONS.items():
                if type(sign) in changes:
                    new = changes[type(sign)]
                    self.between(left, right, operator, lambda t, new=new: SIGNS.sub(new, t, 1))
        for side in sides:
            # The order of a tuple after `in` does not matter.
            if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(side, ast.Tuple):
                continue
            self.visit(side)

    def visit_BoolOp(self, node):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            self.between(left, right, f"{old} to {new}", lambda text: text.replace(old, new))
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        word = {ast.Not: "not", ast.USub: "-"}.get(type(node.op))
        if word and not isinstance(node.operand, ast.Constant):
            operator = "drop not" if word == "not" else "drop minus"
            text = self.text[self.start(node) : self.start(node.operand)].decode()
            end = self.start(node.operand)
            self.replace(node, operator, text.replace(word, "", 1).lstrip(), end=end)
        self.generic_visit(node)

    def visit_BinOp(self, node):
        known = type(node.op) in ARITHMETIC
        collections = (ast.List, ast.Tuple, ast.ListComp)
        joined = is_text(node) or any(isinstance(s, collections) for s in (node.left, node.right))
        is_path = isinstance(node.op, ast.Div) and PATH.search(self.source(node.left))
        if known and not joined and not is_path:
            old, new = ARITHMETIC[type(node.op)]
            self.between(
                node.left, node.right, f"{old} to {new}", lambda text: text.replace(old, new)
            )
        self.generic_visit(node)

    def visit_Call(self, node):
        if self.draws(node):
            return
        function = node.func.attr if isinstance(node.func, ast.Attribute) else None
        function = node.func.id if isinstance(node.func, ast.Name) else function
        if function in OPPOSITES and not (
            isinstance(node.func, ast.Name) and function in METHODS_ONLY
        ):
            start = self.end(node.func) - len(function)
            operator = f"{function} to {OPPOSITES[function]}"
            self.replace(node, operator, OPPOSITES[function], start, self.end(node.func))
        positional = [a for a in node.args if not isinstance(a, ast.Starred)]
        for first, second in pairwise(positional):
            alike = isinstance(first, ast.Constant) == isinstance(second, ast.Constant)
            if alike and function not in NOT_SWAPPED:
                self.swap("swap arguments", first, second)
        for keyword in node.keywords:
            self.drop_keyword(node, keyword)
        self.generic_visit(node)

    def drop_keyword(self, call, keyword):
        value = keyword.value
        if keyword.arg is None or keyword.arg in WORDS | NEEDED or is_text(value):
            return
        ordered = sorted([*call.args, *call.keywords], key=self.start)
        place = ordered.index(keyword)
        if place + 1 < len(ordered):
            self.replace(keyword, "drop keyword", "", end=self.start(ordered[place + 1]))
        else:
            start = self.end(ordered[place - 1]) if place else None
            self.replace(keyword, "drop keyword", "", start=start)
        if not isinstance(value, ast.Constant):
            self.replace(value, "keyword to None", "None")

    def visit_keyword(self, node):
        if node.arg == "axis":
            turned = {"0": "-1", "-1": "0", "1": "0", "-2": "-1"}.get(self.source(node.value))
            if turned:
                self.replace(node.value, "axis", turned)
        elif node.arg not in WORDS:
            self.visit(node.value)

    def swap_names(self, items):
        kinds = (ast.Name, ast.Attribute, ast.Subscript)
        for first, second in pairwise(items):
            errors = any(self.source(item).endswith("Error") for item in (first, second))
            if isinstance(first, kinds) and isinstance(second, kinds) and not errors:
                self.swap("swap names", first, second)

    def visit_Tuple(self, node):
        self.swap_names(node.elts)
        self.generic_visit(node)

    visit_List = visit_Tuple

    def visit_Dict(self, node):
        for first, second in pairwise(node.values):
            if not (is_text(first) or is_text(second)):
                self.swap("swap names", first, second)
        self.generic_visit(node)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            other = neighbour(node.id, self.own)
            if other:
                self.replace(node, "another constant", other)

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.attr.isupper():
            other = neighbour(node.attr, self.constants(node.value.id))
            if other:
                start = self.end(node) - len(node.attr)
                self.replace(node, "another constant", other, start)
        self.generic_visit(node)

    @staticmethod
    def draws(call):
        """Whether a call is one of matplotlib's axes, or of a logger."""
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        while isinstance(receiver, (ast.Attribute, ast.Subscript)):
            receiver = receiver.value
        return isinstance(receiver, ast.Name) and receiver.id in DRAWN_ON


def is_valid(mutant, source):
    """Whether the mutant is a program, and not the same one."""
    try:
        changed = ast.parse(mutant.apply(source))
    except SyntaxError:
        return False
    return ast.dump(changed) != ast.dump(ast.parse(source))
