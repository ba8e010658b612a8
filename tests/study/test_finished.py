"""A finished study is read again; what ships with the package gives the same answers as the whole."""

import json
import shutil

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from featviz_helpers import study
from featviz_helpers.study import figures, finished, verdict
from featviz_helpers.study.finished import RECORD
from support.studies import control_table, study_table, tables


def keep(whole, folder):
    whole.save(folder)
    record = {
        "started": "2026-11-26T21:45:00+00:00",
        "judges": ["a judge"],
        "exemplars": {"backbone": "net", "layers": {"mixed6": 768}, "images": 800},
    }
    (folder / RECORD).write_text(json.dumps(record))


def test_a_study_is_read_from_its_folder_and_says_what_it_is(tmp_path):
    keep(tables(study_table()), tmp_path)
    found = study.read(tmp_path)
    assert found.labels == {"": "a judge"}
    assert str(found) == ("net, mixed6: 2 methods on 0 + 12 channels, 800 images, judged by a judge; 26 November 2026")
    pd.testing.assert_frame_equal(found.tables.trial, tables(study_table()).trial)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "shapesnet" else pytest.mark.slow) for name in study.bundled()]
)
def test_a_bundled_study_has_a_verdict_with_its_controls(name):
    found = study.read(name)
    for by in found.tables.judges:
        judged = verdict.judge(found.tables, by)
        assert {"none", "own images", "photographs", "grey", "blurred base"} <= set(judged["contestant"])
        assert judged["p"].notna().all()
    assert found.record["exemplars"]["backbone"] == name


@pytest.mark.slow
def test_the_essence_has_the_verdict_of_the_whole():
    trial = study_table(own=0.02, seeds=(0,), noise=0.02)
    whole = tables(trial, control_table())
    small = study.essence(whole)
    for small_table, table in ((small.trial, whole.trial), (small.controls, whole.controls)):
        assert len(small_table) == len(table)
    assert len(small.distances) < len(whole.distances)
    expected, found = verdict.judge(whole), verdict.judge(small)
    pd.testing.assert_frame_equal(found.drop(columns=["p", "holm"]), expected.drop(columns=["p", "holm"]), atol=1e-4)
    some = expected["mean"].abs() > 1e-6  # of nothing but rounding p is anything
    np.testing.assert_allclose(found["p"][some], expected["p"][some], atol=5e-3)  # it counts draws
    names = ["specificity", "low", "high", "others_minus_own"]
    pd.testing.assert_frame_equal(
        verdict.specificity_table(small)[names], verdict.specificity_table(whole)[names], atol=1e-4
    )


def test_a_folder_without_a_finished_study_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished study in 'nowhere'"):
        study.read("nowhere")


def test_the_figure_of_the_verdict_has_a_row_per_contestant_with_own_images_at_100_percent():
    whole = tables(study_table(own=0.02), control_table())
    table = verdict.specificity_table(whole)
    figure = figures.verdict({"judge": table}, verdict.chosen_pictures(whole), "A title")
    left, right = figure.axes
    assert len(left.get_yticklabels()) == len(table)
    means = {bar.lines[0].get_ydata()[0]: bar.lines[0].get_xdata()[0] for bar in right.containers}
    rows = {label.get_text(): place for place, label in enumerate(left.get_yticklabels())}
    nearest = min(means, key=lambda row: abs(row - rows["own images"]))
    assert means[nearest] == pytest.approx(100)
    grey = min(means, key=lambda row: abs(row - rows["grey"]))
    assert means[grey] == pytest.approx(0, abs=1e-6) and np.isfinite(list(means.values())).all()
    plt.close(figure)


def test_an_interval_that_contains_zero_is_drawn_pale():
    table = pd.DataFrame({"mean": [0.2, 0.1, -0.3], "low": [0.1, -0.1, -0.4], "high": [0.3, 0.3, -0.2]}, list("abc"))
    figure = figures.intervals({"first": table, "second": table}, "A title")
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == list("abc")
    pale = [bar.lines[0].get_markerfacecolor() == "white" for bar in axis.containers]
    assert pale == [False, True, False] * 2
    ends = [bar.lines[2][0].get_segments()[0][:, 0] for bar in axis.containers]
    np.testing.assert_allclose(ends[0], [0.1, 0.3])
    plt.close(figure)


@pytest.mark.parametrize("name", ["provenance.json", "study.parquet"])
def test_a_damaged_study_is_named(tmp_path, name):
    folder = shutil.copytree(finished.BUNDLED / "shapesnet", tmp_path / "mine")
    (folder / name).write_bytes(b"{" * 50)
    with pytest.raises(ValueError, match=r"mine' is damaged .* Delete it, or choose another"):
        finished.read(folder)
