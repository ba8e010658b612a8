"""Grids: what folding joins, and what it never brings back."""

from featviz_helpers.batch.plan_grid import fold
from hypothesis import given
from hypothesis import strategies as st


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1), st.permutations("abc"))
def test_folding_covers_each_cell_once_whatever_is_missing(chosen, order):
    loose = [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)]
    folded = fold(loose, order[:2])
    covered = [(a, b, c) for cell in folded for a in cell["a"] for b in cell["b"] for c in cell["c"]]
    assert sorted(covered) == sorted(chosen)
    assert loose == [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)], "the input is left alone"
