"""Plans: what they mean, multiplied out; and every mistake refused with the line it stands in."""

import shlex

import click
import pytest
from featviz_helpers.batch.plan import SweepPlan
from featviz_helpers.batch.plan_file import PlanError
from featviz_helpers.cli.exemplars import exemplars
from featviz_helpers.study import methods
from support.notebooks import write_notebook

PARAMETERS = """
MODEL: str = "shapesnet"  # "shapesnet", "inception_v3" or a path
LAYER: str = "auto"
VALUES: list[float] = [1.0]
SEEDS: list[int] = [0]
STEPS: int = 8
KIND = "a"
"""


@pytest.fixture
def write(tmp_path):
    book = write_notebook(tmp_path, "99_small", "print(VALUES)", knobs=PARAMETERS)

    def plan(text, **options):
        path = tmp_path / "plan.yaml"
        path.write_text(text.replace("BOOK", str(book)), encoding="utf-8")
        return SweepPlan(path, **options)

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
    found = [(run["KIND"], run["VALUES"], run["SEEDS"], run["STEPS"]) for run in plan.runs]
    first = [("a", [value], [seed], 4) for value in (0.001, 0.5) for seed in (0, 1, 2)]
    assert found == [*first, ("b", [2.0], [0], 4), ("c", [3.0], [0], 4)]
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


GOOD = "notebook: BOOK\nparameters:\n  STEPS: 4\ngrid:\n  VALUES: [1, 2]\n  SEEDS: [0]\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("  STEPS: 4", "  STEP: 4", 3, "did you mean STEPS"),
        ("  SEEDS: [0]", "  SEEDS: {from: 0, to: 1e15, step: 1}", 6, "1,000,000,000,000,001 combinations"),
        ("  SEEDS: [0]", "  zip: [1, 2]", 6, "zip needs axes that go together"),
        ("  SEEDS: [0]", "  KIND: [a]\nfold: [SEEDS]", 7, "SEEDS is no axis of every block"),
        ("  STEPS: 4", "  STEPS: 4.5", 3, "STEPS takes int"),
        ("  STEPS: 4", "  STEPS: 4\n  STEPS: 5", 4, "already set in line 3"),
        ("  STEPS: 4", "  SEEDS: [1]", 6, "already set under parameters"),
        ("  STEPS: 4", "  MODEL: auto", 3, "another network on another machine"),
        ("  STEPS: 4", "  MODEL: no/such.h5", 3, "no file or folder 'no/such.h5'"),
        ("  STEPS: 4", "  MODEL: ~nobody_is_called_that/a", 3, "no file or folder"),
        ("[1, 2]", "[1, two]", 5, "VALUES takes list"),
        ("[1, 2]", "[1, 1]", 5, "twice"),
        ("[1, 2]", "[]", 5, "VALUES is empty"),
        ("[1, 2]", "{from: 1, to: 2}", 5, "step or count"),
        ("[1, 2]", "{from: 3, to: 2, step: 1}", 5, "swap the two"),
        ("[1, 2]", "{from: 0, to: 2, count: 3, log: true}", 5, "above 0"),
        ("[1, 2]", "{from: 0, to: 2, cuont: 3}", 5, "cuont is no field"),
        ("  SEEDS: [0]", "  SEED: [0]", 6, "did you mean SEEDS"),
        ("  SEEDS: [0]", "  zip: {SEEDS: [0, 1], KIND: [a]}", 6, "one length: SEEDS 2, KIND 1"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nfold: [KIND]", 7, "KIND takes str, not a list"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nexclude:\n  - SEEDS: 7", 8, "excludes nothing"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nexclude:\n  - KIND: a", 8, "no axis of the grid"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nretries: many", 7, "retries"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nretry: 1", 7, "did you mean RETRIES|did you mean retries"),
        ("  SEEDS: [0]", "  SEEDS: [0]\nresources:\n  core: 1", 8, "did you mean cores"),
        ("notebook: BOOK", "notebook: none.ipynb", 1, "cannot read the notebook"),
        ("notebook: BOOK\n", "", 1, "notebook must be given"),
        ("  SEEDS: [0]", "  SEEDS: [0", 7, "expected"),
    ],
)
def test_a_mistake_is_refused_with_its_line(write, old, new, line, says):
    write(GOOD)
    with pytest.raises(PlanError, match=says) as refused:
        write(GOOD.replace(old, new))
    assert f"plan.yaml, line {line}:" in str(refused.value)


def test_numbers_are_read_as_written(write):
    plan = write("notebook: BOOK\nparameters: {STEPS: 010}\ngrid: {SEEDS: [010, 08]}\n")
    assert [(run["STEPS"], run["SEEDS"]) for run in plan.runs] == [(10, [10]), (10, [8])]
    with pytest.raises(PlanError, match=r"line 2: STEPS takes int .* but was given '1:30'"):
        write("notebook: BOOK\nparameters: {STEPS: 1:30}\ngrid: {SEEDS: [0]}\n")


def test_a_notebook_may_take_a_list_of_networks(tmp_path):
    book = write_notebook(tmp_path, "98_nets", "1", knobs='MODEL = ["lite0"]')
    path = tmp_path / "plan.yaml"
    path.write_text(f"notebook: {book}\ngrid: {{MODEL: [shapesnet, lite1]}}\n")
    assert [run["MODEL"] for run in SweepPlan(path).runs] == [["shapesnet"], ["lite1"]]
    path.write_text(f"notebook: {book}\ngrid: {{MODEL: [shapesnet, auto]}}\n")
    with pytest.raises(PlanError, match="another network on another machine"):
        SweepPlan(path)


def test_a_value_that_contains_itself_is_refused(write):
    with pytest.raises(PlanError, match="line 2: found unconstructable recursive node"):
        write("notebook: BOOK\ngrid: &g {KIND: *g}\n")


def test_a_layer_with_a_slash_in_its_name_is_no_file(write):
    (run,) = write("notebook: BOOK\nparameters: {LAYER: conv1/conv}\ngrid: {SEEDS: [0]}\n").runs
    assert run["LAYER"] == "conv1/conv"


def test_very_many_combinations_can_be_meant(write, monkeypatch):
    monkeypatch.setattr("featviz_helpers.batch.plan.MANY", 10)
    text = GOOD.replace("[1, 2]", "{from: 1, to: 4, step: 1}").replace("[0]", "{from: 1, to: 3, step: 1}")
    with pytest.raises(PlanError, match=r"line 4: .*12 combinations or more"):
        write(text)
    assert len(write(text, many=True).runs) == 12


def test_the_course_s_notebook_takes_words_for_data_sets(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("shapes", "photographs"):  # folders that happen to be here are not meant
        (tmp_path / name).mkdir()
    book = root / "notebooks" / "batch" / "experiment.ipynb"
    (tmp_path / "plan.yaml").write_text(
        f"notebook: {book}\nparameters: {{MODEL: lite0}}\ngrid: {{DATA: [shapes, photographs]}}\n", encoding="utf-8"
    )
    runs = SweepPlan(tmp_path / "plan.yaml").runs
    assert [(run["MODEL"], run["DATA"]) for run in runs] == [("lite0", "shapes"), ("lite0", "photographs")]


def test_exemplars_that_are_not_there_yet_come_with_the_command_that_makes_them(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    with pytest.raises(PlanError) as caught:
        SweepPlan(root / "notebooks" / "batch" / "plans" / "bundled.yaml")
    words = shlex.split(str(caught.value).partition("this makes it: featviz exemplars ")[2])
    given = exemplars.make_parser(click.Context(exemplars)).parse_args(words)[0]
    wanted = {"model": "shapesnet", "source": "shapes", "count": "800", "out": "build/exemplars/bundled"}
    assert given | wanted == given and given["layers"] == ("auto",)


@pytest.mark.parametrize(("name", "count", "runs"), [("bundled", 60, 10), ("inception_v3", 180, 30), ("lite0", 60, 10)])
def test_the_plans_of_the_course_fit_their_notebook(name, count, runs, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    for folder in (f"build/exemplars/{name}", "build/data"):
        (tmp_path / folder).mkdir(parents=True)
    plan = SweepPlan(root / "notebooks" / "batch" / "plans" / f"{name}.yaml")
    assert (plan.size, len(plan.runs)) == (count, runs)
    known = {run["METHOD"]: run["VALUES"] for run in plan.runs}
    assert len(known) == 10
    assert known == {name: [float(v) for v in methods.values(name, plan.fixed["MODEL"])] for name in known}
