"""Grids: what folding joins, and what it never brings back."""

import pytest
from featviz_helpers.batch.plan_grid import fold, is_excluded
from hypothesis import given
from hypothesis import strategies as st


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1), st.permutations("abc"))
def test_folding_covers_each_cell_once_whatever_is_missing(chosen, order):
    loose = [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)]
    folded = fold(loose, order[:2])
    covered = [(a, b, c) for cell in folded for a in cell["a"] for b in cell["b"] for c in cell["c"]]
    assert sorted(covered) == sorted(chosen)
    assert loose == [{"a": [a], "b": [b], "c": [c]} for a, b, c in sorted(chosen)], "the input is left alone"


@pytest.mark.parametrize("values", [([1, 2], [3]), ({"a": 1}, {"a": 2}), (True, 1), (1, 1.0)])
def test_whatever_differs_to_a_notebook_is_folded_and_nothing_of_it_is_lost(values):
    one, other = values
    (joined,) = fold([{"X": [one]}, {"X": [other]}, {"X": [one]}], ["X"])
    assert repr(joined) == repr({"X": [one, other]})


def test_a_rule_about_one_says_nothing_of_true():
    assert is_excluded({"X": [1]}, {"X": [[1.0], [2]]})
    assert not is_excluded({"X": [True]}, {"X": [[1]]})
