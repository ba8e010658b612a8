"""The methods: every one runs from its table, and mistakes have an answer."""

import featviz_helpers as fv
import numpy as np
import pytest
from click.testing import CliRunner
from featviz_helpers.study.methods import OCTAVES, VALUES, default, values
from support.networks import shapesnet

from data_scripts.make_comparison import SHEETS, TUNED_ON, main


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


@pytest.mark.parametrize("network", ["inception_v3", *VALUES])
def test_methods_list_at_least_six_values_around_their_default(network):
    for name in fv.METHODS:
        listed = values(name, network)
        assert len(listed) >= 6 and list(listed) == sorted(set(listed)), name
        assert default(name, network) in listed, name


@pytest.mark.parametrize("network", TUNED_ON)
def test_what_a_sheet_shows_had_no_say_in_the_values(network):
    shown = {(layer, unit) for layer, units in SHEETS[network].values() for unit in units}
    tuned_on = {(layer, unit) for layer, units in TUNED_ON[network].items() for unit in units}
    assert {layer for layer, _ in shown} == {layer for layer, _ in tuned_on}
    assert not shown & tuned_on


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "unit"), [("auto", 27), ("logits", 340)])
def test_lite0s_values_clear_the_grain_of_channels_and_of_class_scores(layer, unit):
    names = ("none", "total variation")
    chosen = {name: default(name, "lite0") for name in names}
    results = fv.run_methods(fv.load_model("lite0"), layer, [unit], chosen, steps=32, size=96)
    none, clear = (results[name][1] for name in names)
    assert fv.high_frequency(clear.images) < fv.high_frequency(none.images) * 2 / 3, "after a quarter of the steps"
    assert clear.activations > none.activations / 4


@pytest.mark.slow
def test_the_sheets_of_lite0_are_made(tmp_path, monkeypatch):
    few = {name: fv.METHODS[name] for name in ("none", "Fourier", "MACO")}
    monkeypatch.setattr(fv, "METHODS", few, raising=False)
    options = ["--model", "lite0", "--steps", "4", "--size", "64", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, options, catch_exceptions=False)
    assert {path.name for path in tmp_path.iterdir()} == {"comparison_lite0.jpg", "comparison_lite0_classes.jpg"}
    rows = [line for line in done.output.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(fv.METHODS) + 2 and all(row.count(" / ") == 4 for row in rows)
