"""The methods: every one runs from its table, and mistakes have an answer."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.study.methods import OCTAVES
from support.networks import shapesnet


@pytest.mark.parametrize(("methods", "says"), [(["jiter"], "jitter"), ({"jitter": []}, "empty")])
def test_mistakes_are_explained(methods, says):
    with pytest.raises(ValueError, match=says):
        fv.run_methods(shapesnet(), "mixed1", [3], methods)


@pytest.mark.slow
def test_every_method_runs_from_its_table():
    values = {name: method.values[::5] for name, method in fv.METHODS.items()}
    results = fv.run_methods(shapesnet(), "mixed1", [3, 8], values, steps=8, size=96)
    assert list(results) == list(fv.METHODS)
    for name, (cells, result) in results.items():
        assert cells.shape == (1, 2, 2) and len(result) == 4
        assert np.isfinite(result.images).all()
        # Octaves share the steps, so that no method gets more of them.
        assert result.config["steps"] == (8 // OCTAVES if name == "octaves" else 8)
        pictures = cells.table(result.images)
        assert np.abs(pictures[:, :, 0] - pictures[:, :, 1]).max() > 0.01, name


def test_methods_list_at_least_six_values_around_their_default():
    for name, method in fv.METHODS.items():
        assert len(method.values) >= 6 and list(method.values) == sorted(set(method.values)), name
        assert method.default in method.values, name
