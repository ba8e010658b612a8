"""The script behind results/attribution.csv: what it keeps, and what its intervals mean."""

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers import attribution
from support.networks import shapesnet

from data_scripts import judge_attribution as script


def test_the_interval_holds_the_mean_and_shrinks_with_the_images():
    values = np.random.default_rng(0).normal(3, 1, 400)
    few, many = script.summary(values[:25]), script.summary(values)
    assert few["low"] < few["mean"] < few["high"]
    assert many["high"] - many["low"] < 0.5 * (few["high"] - few["low"])
    assert script.summary(np.array([1.0, np.nan, 3.0]))["mean"] == 2
    assert script.summary(np.array([1.0, np.nan, 3.0]))["n"] == 2
    nothing = script.summary(np.full(4, np.nan))
    assert nothing.pop("n") == 0 and np.isnan(list(nothing.values())).all()


@pytest.mark.slow
def test_another_class_is_another_and_integrated_gradients_say_what_is_left_over(monkeypatch):
    asked = []

    def method(backbone, objective, images):
        asked.append(objective)
        return np.random.default_rng(len(asked)).random(images.shape[:3])

    monkeypatch.setattr(script, "methods", lambda steps: {"integrated": method})
    monkeypatch.setattr(script, "CONTROLS", {})
    labels = np.array([3, 3, 5, 7, 9])  # the second's neighbour has its own class
    rows = script.tests(shapesnet(), fv.shapes.draw(5, 1).images, labels, 1, 2)
    found = [next(rows) for _ in range(2)]
    assert [(test, len(values)) for _, test, values in found] == [("another class", 4), ("left over", 5)]
    assert (found[1][2] >= 0).all() and found[1][2].max() > 0


@pytest.mark.slow
def test_one_network_is_measured_and_the_others_keep_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "OUT", tmp_path / "attribution.csv")
    monkeypatch.setattr(script, "methods", lambda steps: {"Grad-CAM": attribution.grad_cam})
    rows = [{"model": model, "method": "old"} for model in ("lite0", "shapesnet")]
    pd.DataFrame(rows).to_csv(script.OUT, index=False)
    done = CliRunner().invoke(script.main, ["--model", "shapesnet", "--count", "4", "--mosaics", "1"])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(script.OUT)
    assert table.query("model == 'lite0'")["method"].tolist() == ["old"]
    found = table.query("model == 'shapesnet'").set_index(["method", "test"])["mean"]
    assert "old" not in found.index.get_level_values(0)
    assert found["Grad-CAM", "right quarter"] > 0.5  # chance is 0.25
    assert abs(found["random", "gain, grey"]) < 0.15
    assert found["random", "inside the object"] == pytest.approx(0.29, abs=0.02)  # the objects' share of the images


def test_lite0_needs_photographs():
    said = CliRunner().invoke(script.main, ["--model", "lite0"])
    assert said.exit_code == 2
    assert "--images" in said.output
