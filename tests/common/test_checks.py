"""Numbers that people give: what passes, and what the refusal says."""

import numpy as np
import pytest
from featviz_helpers.common.checks import number, whole_number, whole_numbers


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_is_an_int_whatever_its_type(value):
    found = whole_number("steps", value, least=1, most=3)
    assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", [True, 2.0, "3", None, np.bool_(True), float("nan"), [3]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^steps must be a whole number; got .*\.$"):
        whole_number("steps", value)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ({"least": 1}, "a whole number, 1 or more"),
        ({"most": -1}, "a whole number, -1 or less"),
        ({"least": 1, "most": 1_000_000}, "a whole number from 1 to 1,000,000"),
    ],
)
def test_the_refusal_names_the_range_the_value_and_the_remedy(limits, allowed):
    with pytest.raises(ValueError, match=rf"^count must be {allowed}; got 0\. Leave it out\.$"):
        whole_number("count", 0, remedy="Leave it out.", **limits)


def test_one_or_several():
    assert whole_numbers("seed", 3) == [3]
    assert whole_numbers("seed", np.arange(3)) == whole_numbers("seed", range(3)) == [0, 1, 2]
    for wrong in ([], [1, 2.5], "12", [True], np.array([0.5])):
        with pytest.raises(ValueError, match="seed must be a whole number or a list of them; got"):
            whole_numbers("seed", wrong)
    with pytest.raises(ValueError, match=r"seed must be a whole number, 0 or more, or a list of them; got \[1, -2\]"):
        whole_numbers("seed", np.array([1, -2]), least=0)


def test_a_number_has_a_range():
    assert number("share", np.float32(0.5), 0, 1) == 0.5
    for wrong in (-0.1, 1.1, float("nan"), "0.5", True, None):
        with pytest.raises(ValueError, match="share must be a number from 0 to 1; got"):
            number("share", wrong, 0, 1)
