"""Ranges of a plan."""

import pytest
import yaml
from featviz_helpers.batch.plan_schema import Range


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
