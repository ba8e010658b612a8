"""Odd values in every field of a plan: one sentence that names the file and the line, or a plan that can run."""

import pytest
from featviz_helpers.batch.plan import SweepPlan
from featviz_helpers.batch.plan_file import PlanError
from support.notebooks import write_notebook

ODD = (
    "", "~", "true", "-1", "0.5", ".nan", "99999999999999999999", "twelve", "''", "[]", "{}", "[~]", "[[1], [2, 3]]",
    "{a: 1}",
    "{STEPS: [1, 2]}", "2024-01-01", '"a\\0b"', "!!binary aGk=", "[" * 200, "&a [*a]", '"\\ud800"', "[STEPS]",
    "{from: 0}",
    "{STEPS: {from: 0, to: 1e300, step: 1e-300}}", "{STEPS: {from: 0, to: 9, count: 99999999999}}", "{STEPS: [yes]}",
)  # fmt: skip
# What there is to run, of all those fields and values.
RIGHT = {
    "parameters": ("{}",), "grid": ("{}", "{STEPS: [1, 2]}"), "exclude": ("[]",), "fold": ("[]",), "resources": ("{}",),
    "retries": (), "output": ("", "~", "twelve", "''"), "notebook": (), "cluster": (),
}  # fmt: skip


@pytest.mark.parametrize("field", RIGHT)
def test_every_odd_field_is_refused_with_its_line_or_runs(tmp_path, field):
    book = write_notebook(tmp_path, "99_odd", "print(1)", knobs="STEPS: int = 1\nRATE: float = 0.5")
    whole = {"notebook": str(book), "grid": "{RATE: [1, 2]}"}
    wrong = {}
    for value in ODD:
        path = tmp_path / "plan.yaml"
        path.write_text(
            "\n".join(f"{name}: {text}" for name, text in (whole | {field: value}).items()), encoding="utf-8"
        )
        try:
            plan = SweepPlan(path)
        except PlanError as error:
            if value in RIGHT[field] or "plan.yaml" not in str(error) or "\n" in str(error):
                wrong[value] = str(error)
        except Exception as error:
            wrong[value] = f"{type(error).__name__}: {error}"
        else:
            if value not in RIGHT[field] or len(plan.runs) not in (1, 2):
                wrong[value] = f"accepted: {plan.runs}"
    assert not wrong, "\n".join(f"{value[:40]}: {what:.300}" for value, what in wrong.items())
