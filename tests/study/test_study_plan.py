"""Plans of a study: what makes no sense is refused before a network is loaded."""

import pytest
from support.studies import plan


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": {"non": [0.1]}}, "did you mean none"),
        ({"methods": {"standard": [1.0]}}, "'none' is what the others are compared with"),
        ({"methods": {"none": []}}, "at least 1 item"),
        ({"steps": 0}, "greater than or equal to 1"),
        ({"channels": []}, "at least 1 item"),
        ({"channels": [10, 28, 10]}, "10 is given twice"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        plan(**changes)
