"""Plans: what they mean, multiplied out; and every mistake refused with the line it stands in."""

import pytest
import yaml
from featviz_helpers.batch import plan_grid as cells
from featviz_helpers.batch import run_id as identity
from featviz_helpers.batch.plan import Plan
from featviz_helpers.batch.plan_file import PlanError
from featviz_helpers.batch.plan_schema import Range
from featviz_helpers.study import methods
from hypothesis import given
from hypothesis import strategies as st
from support.notebooks import write_notebook

PARAMETERS = 'MODEL: str = "shapesnet"\nVALUES: list[float] = [1.0]\nSEEDS: list[int] = [0]\nSTEPS: int = 8\nKIND = "a"'


@pytest.fixture
def write(tmp_path):
    book = write_notebook(tmp_path, "99_small", "print(VALUES)", knobs=PARAMETERS)

    def plan(text, **options):
        path = tmp_path / "plan.yaml"
        path.write_text(text.replace("BOOK", str(book)), encoding="utf-8")
        return Plan(path, **options)

    return plan


def test_blocks_add_axes_multiply_and_groups_go_together(write):
    plan = write(
        """
notebook: BOOK
parameters: {STEPS: 4}
grid:
  - KIND: [a]
    VALUES: [1e-3, 0.5]
    SEEDS: {from: 0, to: 2, step: 1}
  - zip: {KIND: [b, c], VALUES: [2, 3]}
"""
    )
    told = [(run["KIND"], run["VALUES"], run["SEEDS"], run["STEPS"]) for run in plan.runs]
    first = [("a", [value], [seed], 4) for value in (0.001, 0.5) for seed in (0, 1, 2)]
    assert told == [*first, ("b", [2.0], [0], 4), ("c", [3.0], [0], 4)]
    assert plan.size == 8


def test_folding_joins_what_one_notebook_can_do(write):
    text = "notebook: BOOK\ngrid:\n  KIND: [a, b]\n  VALUES: [1, 2]\n  SEEDS: [0, 1, 2]\nfold: [VALUES, SEEDS]\n"
    plan = write(text)
    assert [(run["KIND"], run["VALUES"], run["SEEDS"]) for run in plan.runs] == [
        ("a", [1.0, 2.0], [0, 1, 2]),
        ("b", [1.0, 2.0], [0, 1, 2]),
    ]
    assert plan.size == 12


def test_folding_never_brings_back_what_was_excluded(write):
    text = (
        "notebook: BOOK\ngrid: {VALUES: [1, 2], SEEDS: [0, 1, 2]}\nfold: [VALUES, SEEDS]\n"
        "exclude:\n  - {VALUES: 2, SEEDS: [1, 2]}\n"
    )
    runs = [(run["VALUES"], run["SEEDS"]) for run in write(text).runs]
    covered = sorted((value, seed) for values, seeds in runs for value in values for seed in seeds)
    assert covered == [(1.0, 0), (1.0, 1), (1.0, 2), (2.0, 0)]


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1), st.permutations("abc"))
def test_folding_covers_each_cell_once_whatever_is_missing(chosen, order):
    loose = [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)]
    folded = cells.fold(loose, order[:2])
    covered = [(a, b, c) for cell in folded for a in cell["a"] for b in cell["b"] for c in cell["c"]]
    assert sorted(covered) == sorted(chosen)
    assert loose == [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)], "the input is left alone"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{from: 0, to: 10, step: 5}", [0, 5, 10]),
        ("{from: 0, to: 0.3, step: 0.1}", [0, 0.1, 0.2, 0.3]),
        ("{from: 0, to: 1, count: 3}", [0, 0.5, 1]),
        ("{from: 1e-4, to: 1e-2, count: 3, log: true}", [1e-4, 1e-3, 1e-2]),
    ],
)
def test_ranges_include_both_ends(text, values):
    assert Range.model_validate(yaml.safe_load(text)).values() == values


GOOD = "notebook: BOOK\nparameters:\n  STEPS: 4\ngrid:\n  VALUES: [1, 2]\n  SEEDS: [0]\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("  STEPS: 4", "  STEP: 4", 3, "did you mean STEPS"),
        ("  SEEDS: [0]", "  SEEDS: {from: 0, to: 1e15, step: 1}", 6, "1,000,000,000,000,001 cells"),
        ("  SEEDS: [0]", "  zip: [1, 2]", 6, "zip needs axes that go together"),
        ("  SEEDS: [0]", "  KIND: [a]\nfold: [SEEDS]", 7, "SEEDS is no axis of every block"),
        ("  STEPS: 4", "  STEPS: 4.5", 3, "STEPS takes int"),
        ("  STEPS: 4", "  STEPS: 4\n  STEPS: 5", 4, "already set in line 3"),
        ("  STEPS: 4", "  SEEDS: [1]", 6, "already set under parameters"),
        ("  STEPS: 4", "  MODEL: auto", 3, "another network on another machine"),
        ("  STEPS: 4", "  MODEL: no/such.h5", 3, "no file or folder 'no/such.h5'"),
        ("[1, 2]", "[1, two]", 5, "VALUES takes list"),
        ("[1, 2]", "[1, 1]", 5, "twice"),
        ("[1, 2]", "[]", 5, "VALUES is empty"),
        ("[1, 2]", "{from: 1, to: 2}", 5, "step or count"),
        ("[1, 2]", "{from: 3, to: 2, step: 1}", 5, "turn it round"),
        ("[1, 2]", "{from: 0, to: 2, count: 3, log: true}", 5, "above 0"),
        ("[1, 2]", "{from: 0, to: 2, cuont: 3}", 5, "extra"),
        ("  SEEDS: [0]", "  SEED: [0]", 6, "did you mean SEEDS"),
        ("  SEEDS: [0]", "  zip: {SEEDS: [0, 1], KIND: [a]}", 6, "one length: SEEDS 2, KIND 1"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nfold: [KIND]", 7, "KIND takes str, not a list"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nexclude:\n  - SEEDS: 7", 8, "excludes nothing"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nexclude:\n  - KIND: a", 8, "no axis of the grid"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nretries: many", 7, "retries"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nretry: 1", 7, "did you mean RETRIES|did you mean retries"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nresources:\n  core: 1", 8, "did you mean cores"),
        ("notebook: BOOK", "notebook: none.ipynb", 1, "cannot read the notebook"),
        ("notebook: BOOK\n", "", 1, "notebook: field required"),
        ("  SEEDS: [0]", "  SEEDS: [0", 7, "expected"),
        pytest.param(
            "  SEEDS: [0]", "  SEEDS: {from: 1, to: 600000, step: 1}", 4, "1,200,000 cells", marks=pytest.mark.slow
        ),
    ],
)
def test_a_mistake_is_refused_with_its_line(write, old, new, line, says):
    write(GOOD)
    with pytest.raises(PlanError, match=says) as refused:
        write(GOOD.replace(old, new))
    assert f"plan.yaml, line {line}:" in str(refused.value)


def test_very_many_cells_can_be_meant(write, monkeypatch):
    monkeypatch.setattr("featviz_helpers.batch.plan.MANY", 10)
    text = GOOD.replace("[1, 2]", "{from: 1, to: 4, step: 1}").replace("[0]", "{from: 1, to: 3, step: 1}")
    with pytest.raises(PlanError, match="12 cells or more"):
        write(text)
    assert len(write(text, many=True).runs) == 12


def test_identity_is_code_and_parameters_and_files_and_nothing_else(tmp_path):
    plain = write_notebook(tmp_path, "98_a", "x = 1").read_text()
    prose = plain.replace("What is a?", "What is b?")
    other = plain.replace("x = 1", "x = 2")
    assert identity.of_notebook(plain) == identity.of_notebook(prose) != identity.of_notebook(other)

    weights = tmp_path / "w.h5"
    weights.write_bytes(b"1")
    given = {"MODEL": str(weights), "STEPS": 4}
    name, made_from = identity.of_run("n", "c", given)
    assert identity.of_run("n", "c", dict(reversed(given.items())))[0] == name
    assert identity.of_run("n", "c", given | {"STEPS": 5})[0] != name
    assert identity.of_run("m", "c", given)[0] != name
    weights.write_bytes(b"2")
    assert identity.of_run("n", "c", given)[0] != name
    assert set(made_from["assets"]) == {"MODEL"}
    moved = weights.rename(tmp_path / "elsewhere.h5")
    name = identity.of_run("n", "c", given | {"MODEL": str(moved)})[0]
    moved.rename(weights)
    assert identity.of_run("n", "c", given)[0] == name, "where a file lies does not matter"


@pytest.mark.parametrize(("name", "count", "runs"), [("bundled", 60, 10), ("inception_v3", 180, 30)])
def test_the_plans_of_the_course_fit_their_notebook(name, count, runs, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    for folder in (f"build/exemplars/{name}", "build/data"):
        (tmp_path / folder).mkdir(parents=True)
    plan = Plan(root / "notebooks" / "batch" / "plans" / f"{name}.yaml")
    assert (plan.size, len(plan.runs)) == (count, runs)
    known = {run["METHOD"]: run["VALUES"] for run in plan.runs}
    assert known == {
        method: [float(v) for v in methods.values(method, plan.fixed["MODEL"])] for method in methods.METHODS
    }
