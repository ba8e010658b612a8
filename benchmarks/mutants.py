"""Would the tests notice? One-line mutations of the package, each against the tests that reach its line.

The tests run once with coverage, which knows for every line the tests that pass through it. Then lines are drawn at
random; in a copy of the checkout one operator, number, constant, condition or statement of a line is changed, and the
tests of that line run, those of the same name first and then the quickest. A mutant that they all accept has survived.
"""

import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import click
import coverage
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("build", ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "results", "*.egg-info")
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Pow: ast.Mult,
    ast.Mod: ast.Add, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


def mutations(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield copies of a simple statement, or of the condition of a compound one, with one thing changed in each."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield ast.copy_location(ast.Pass(), statement)
    if isinstance(statement, ast.Return) and statement.value is not None:
        yield ast.copy_location(ast.Return(ast.Constant(None)), statement)
    for position, node in enumerate(ast.walk(statement)):
        if isinstance(node, ast.JoinedStr | ast.Raise):
            return  # messages are read by people
        for change in _changes(node):
            mutant = copy.deepcopy(statement)
            twin = next(n for i, n in enumerate(ast.walk(mutant)) if i == position)
            change(twin)
            yield ast.fix_missing_locations(mutant)


def _changes(node: ast.AST) -> Iterator:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield lambda twin, place=place, operator=operator: twin.ops.__setitem__(
                place, COMPARISONS[type(operator)]()
            )
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield lambda twin: setattr(twin, "op", OPERATORS[type(twin.op)]())
    elif isinstance(node, ast.BoolOp):
        yield lambda twin: setattr(twin, "op", ast.And() if isinstance(twin.op, ast.Or) else ast.Or())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield lambda twin: setattr(twin, "op", ast.UAdd() if isinstance(twin.op, ast.USub) else _Nothing())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda twin: setattr(twin, "value", not twin.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield lambda twin: setattr(twin, "value", twin.value + 1)
    elif isinstance(node, ast.IfExp):
        yield lambda twin: setattr(twin, "test", ast.UnaryOp(ast.Not(), twin.test))


class _Nothing(ast.Not):
    """Marks a `not` that `_unparse` leaves out."""


class _WithoutNot(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if isinstance(node.op, _Nothing) else node


def candidates(path: Path) -> list[tuple[int, int, str]]:
    """Return first line, last line and new text of every mutation of a module, without docstrings and annotations."""
    source = path.read_text(encoding="utf-8")
    lines, found = source.splitlines(), []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr):
            part, last, head = node, node.end_lineno, "{}"
        elif isinstance(node, ast.If | ast.While):
            part, last = ast.Expr(node.test), node.test.end_lineno
            word = "while" if isinstance(node, ast.While) else "elif" if "elif" in lines[node.lineno - 1] else "if"
            head = word + " {}:"
            if lines[last - 1].rstrip()[-1:] != ":":
                continue
        else:
            continue
        if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
            continue
        indent = lines[node.lineno - 1][: node.col_offset]
        if indent.strip():
            continue  # a second statement of its line
        for mutant in mutations(part):
            if isinstance(node, ast.If | ast.While) and isinstance(mutant, ast.Pass):
                continue
            text = ast.unparse(ast.fix_missing_locations(_WithoutNot().visit(mutant)))
            found.append((node.lineno, last, indent + head.format(text)))
    return found


def run_with_coverage(folders: list[str], work: Path) -> dict[str, float]:
    """Run the tests once; return the seconds of each, and leave work/coverage."""
    report = work / "tests.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "--junitxml", str(report)]
    command += ["--cov=featviz_helpers", "--cov-context=test", "--cov-report=", *folders]
    environment = os.environ | {"COVERAGE_FILE": str(work / "coverage"), "COVERAGE_CORE": "ctrace"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    seconds = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "").replace(".", "/") + f".py::{case.get('name')}"
        seconds[name] = float(case.get("time", 0))
    return seconds


class Reach:
    """Which tests pass through a line, the likeliest to notice first."""

    def __init__(self, work: Path, seconds: dict[str, float], most: float) -> None:
        self._data = coverage.CoverageData(str(work / "coverage"))
        self._data.read()
        self._seconds, self._most = seconds, most

    def tests(self, path: Path, first: int, last: int) -> list[str]:
        contexts = self._data.contexts_by_lineno(str(path))
        names = {_test(c) for line in range(first, last + 1) for c in contexts.get(line, ()) if c}
        if not names:  # a line of the import: any test of the module may feel it
            names = {_test(c) for some in contexts.values() for c in some if c}
        known = [name for name in names if name in self._seconds]
        known.sort(key=lambda name: (f"test_{path.stem}." not in name, self._seconds[name]))
        chosen, total = [], 0.0
        for name in known:
            total += self._seconds[name]
            if total > self._most and chosen:
                break
            chosen.append(name)
        return chosen


def _test(context: str) -> str:
    return context.partition("|")[0].partition("@")[0]


def noticed(copy_of_root: Path, tests: list[str], patience: float) -> bool:
    """Return whether a test fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = os.environ | {"PYTHONPATH": str(copy_of_root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy_of_root, env=environment, timeout=patience, capture_output=True)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


@click.command(help=__doc__)
@click.argument("rooms", nargs=-1, required=True)
@click.option("--mutants", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="Of tests for each mutant, at most.")
@click.option("--tests", "folders", multiple=True, help="Test folders; by default those of the rooms.")
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), help="Keeps the coverage for the next time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(
    rooms: tuple[str, ...], mutants: int, seed: int, seconds: float, folders: tuple[str, ...], work: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    work = work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    durations = work / "seconds.json"
    if not durations.is_file():
        found = run_with_coverage([*(folders or (f"tests/{room}" for room in rooms))], work)
        durations.write_text(json.dumps(found), encoding="utf-8")
    reach = Reach(work, json.loads(durations.read_text(encoding="utf-8")), seconds)
    pool = [
        (path, *one)
        for room in rooms
        for path in sorted((ROOT / "featviz_helpers" / room).rglob("*.py"))
        for one in candidates(path)
    ]
    random.Random(seed).shuffle(pool)
    began, survivors, tried = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "checkout"
        shutil.copytree(ROOT, here, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for path, first, last, text in tqdm(pool[:mutants], unit="mutant", disable=as_json):
            target = here / path.relative_to(ROOT)
            source = target.read_text(encoding="utf-8")
            lines = source.splitlines()
            tests = reach.tests(path, first, last)
            target.write_text("\n".join([*lines[: first - 1], text, *lines[last:]]) + "\n", encoding="utf-8")
            if not tests or not noticed(here, tests, 3 * seconds + 60):
                place = f"{path.relative_to(ROOT)}:{first}"
                survivors.append({"place": place, "was": lines[first - 1].strip(), "is": text.strip(),
                                  "tests": len(tests)})  # fmt: skip
                tqdm.write(f"survived: {place}: {text.strip()}") if not as_json else None
            target.write_text(source, encoding="utf-8")
            tried += 1
    report = {
        "possible": len(pool),
        "mutants": tried,
        "noticed": tried - len(survivors),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "survivors": survivors,
    }
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
