"""Ranges of a plan."""

import pytest
from featviz_helpers.batch.plan_schema import Range, Resources
from featviz_helpers.runner.yaml_numbers import read_yaml
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{from: 0, to: 10, step: 5}", [0, 5, 10]),
        ("{from: 0, to: 0.3, step: 0.1}", [0, 0.1, 0.2, 0.3]),
        ("{from: 0, to: 1, count: 3}", [0, 0.5, 1]),
        ("{from: 1e-4, to: 1e-2, count: 3, log: true}", [1e-4, 1e-3, 1e-2]),
        ("{from: 5, to: 5, count: 1}", [5]),
    ],
)
def test_ranges_include_both_ends(text, values):
    assert Range.model_validate(read_yaml(text)).values() == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{from: 1, to: 1000, count: 4, log: true}", [1, 10, 100, 1000]),
        ("{from: 12345678901234, to: 12345678901236, step: 1}", [12345678901234, 12345678901235, 12345678901236]),
        ("{from: 0, to: 1e+13, count: 2}", [0, 10**13]),
    ],
)
def test_whole_numbers_of_a_range_are_whole_and_keep_their_digits(text, values):
    assert repr(Range.model_validate(read_yaml(text)).values()) == repr(values)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{from: 0, to: 10, count: 1}", "two ends, 0 and 10, so its count is 2 or more; got 1"),
        ("{from: true, to: 3, step: 1}", "from"),
        ("{from: '1', to: 3, step: 1}", "from"),
        ("{from: 0, to: 1, step: .inf}", "step"),
    ],
)
def test_a_range_that_would_be_another_one_is_refused(text, says):
    with pytest.raises(ValidationError, match=says):
        Range.model_validate(read_yaml(text))


def test_a_cell_may_not_take_for_ever():
    """It would fail each run: no clock counts to infinity."""
    with pytest.raises(ValidationError, match="cell_minutes"):
        Resources.model_validate(read_yaml("{cell_minutes: .inf}"))
