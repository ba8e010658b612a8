"""The methods: every one runs from its table, and mistakes have an answer."""

import featviz_helpers as fv
import numpy as np
import pytest
from click.testing import CliRunner
from featviz_helpers.ascent.alignment import alignment, alignment_layers
from featviz_helpers.study.methods import OCTAVES, VALUES, default, values
from support.networks import pictures, shapesnet

from data_scripts.make_comparison import SHEETS, TUNED_ON, main


@pytest.mark.parametrize(("methods", "says"), [(["jiter"], "jitter"), ({"jitter": []}, "empty")])
def test_mistakes_are_explained(methods, says):
    with pytest.raises(ValueError, match=says):
        fv.run_methods(shapesnet(), "mixed1", [3], methods)


def test_octaves_are_those_of_the_first_deepdream():
    """Four of them, 1.4 apart (Mordvintsev et al., 2015)."""
    method = fv.METHODS["octaves"]
    values = method.options([method.default])["octaves"].values
    assert method.octaves == 4
    assert values["count"] == 4 and values["scale"] == pytest.approx(1.4)


@pytest.mark.slow
def test_every_method_runs_from_its_table():
    values = {name: method.values[::5] for name, method in fv.METHODS.items()}
    halves = {channel: (pictures(2, 96, channel), pictures(2, 96, channel + 1)) for channel in (3, 8)}
    results = fv.run_methods(shapesnet(), "mixed1", [3, 8], values, steps=8, size=96, halves=halves)
    assert list(results) == list(fv.METHODS)
    for name, (cells, result) in results.items():
        assert cells.shape == (1, 2, 2) and len(result) == 4
        assert np.isfinite(result.images).all()
        # Octaves share the steps, so that no method gets more of them.
        assert result.config["steps"] == (8 // OCTAVES if name == "octaves" else 8)
        drawn = cells.table(result.images)
        assert np.abs(drawn[:, :, 0] - drawn[:, :, 1]).max() > 0.01, name


def test_a_name_alone_takes_the_values_of_the_network():
    cells, _ = fv.run_methods(shapesnet(), "mixed1", [3], ["L2"], steps=1, size=64)["L2"]
    assert list(cells.value) == list(VALUES["shapesnet"]["L2"]) != list(fv.METHODS["L2"].values)


@pytest.mark.slow
def test_what_aligns_needs_exemplars_and_takes_one_half_per_seed():
    with pytest.raises(ValueError, match="give run_methods its `halves`"):
        fv.run_methods(shapesnet(), "mixed1", [3], {"alignment": 10.0})
    halves = {3: (pictures(2, 64, 1), pictures(2, 64, 2))}
    options = {"seeds": [0, 1], "steps": 1, "size": 64, "halves": halves, "progress": False}
    _, result = fv.run_methods(shapesnet(), "mixed1", [3], {"alignment": 10.0}, **options)["alignment"]
    layers = alignment_layers(shapesnet(), "mixed1")
    for seed in (0, 1):
        objective = alignment(shapesnet(), layers, [3], [halves[3][seed]])
        near = fv.score(shapesnet(), objective, result.images[seed : seed + 1])[0]
        assert result.terms[seed, 1:].sum() == pytest.approx(near, rel=1e-3)


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
    few = {name: fv.METHODS[name] for name in ("none", "Fourier", "MACO + standard", "alignment")}
    monkeypatch.setattr(fv, "METHODS", few, raising=False)
    options = ["--model", "lite0", "--steps", "4", "--size", "64", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, options, catch_exceptions=False)
    assert {path.name for path in tmp_path.iterdir()} == {"comparison_lite0.jpg", "comparison_lite0_classes.jpg"}
    rows = [line for line in done.output.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(fv.METHODS) - 1 and all(row.count(" / ") == 4 for row in rows)
