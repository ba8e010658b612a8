"""Drawn values to what takes numbers: the same rule as for the fixed ones, wherever a border lies."""

import featviz_helpers as fv
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.odd_inputs import Target, number, numbers, outcome, whole, wholes

REALS = st.one_of(
    st.integers(-(10**25), 10**25), st.integers(-3, 70), st.floats(width=64), st.floats(-2, 2), st.booleans(),
    st.none(), st.text(max_size=5), st.complex_numbers(max_magnitude=3), st.floats(-2, 2).map(np.float32),
    st.integers(0, 9).map(np.int64),
)  # fmt: skip
VALUES = st.one_of(
    REALS, st.lists(REALS, max_size=3), st.lists(st.floats(0, 1), min_size=1, max_size=3), st.binary(max_size=4)
)
TARGETS = {
    "L2": Target(fv.L2, {"weight": numbers(0)}),
    "beta": Target(lambda beta: fv.TotalVariation(1.0, beta), {"beta": number(1, 3)}),
    "percentile": Target(fv.ClipNorm, {"percentile": numbers(0, 100)}),
    "amount": Target(fv.WeightDecay, {"amount": numbers(0, below=1)}),
    "step": Target(fv.Adam, {"step_size": numbers(more_than=0)}),
    "noise": Target(fv.Pixels, {"noise": number(more_than=0, most=1)}),
    "flip": Target(fv.Flip, {"horizontal": numbers(0, 1)}),
    "grey": Target(lambda count: fv.grey(1, count), {"count": whole(1, 1_000)}),
    "channel": Target(lambda channels: fv.channel("a", channels), {"channels": wholes(0, 2**31 - 1)}),
}


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60)
@given(value=VALUES)
def test_a_drawn_value_is_refused_clearly_or_answered_right(name, value):
    (parameter,) = TARGETS[name].takes
    assert outcome(TARGETS[name], parameter, value) in ("clear", "right")
