"""The study end to end on the bundled network, stopped half-way, and what a folder with another study says."""

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study import Study, controls, report
from support.networks import shapesnet
from support.studies import plan

COLUMNS = [
    "method", "value", "channel", "seed", "exemplar_distance", "other_distance", "specificity", "activation",
    "activation_percentile", "seconds",
]  # fmt: skip


@pytest.mark.slow
def test_a_study_from_end_to_end_goes_on_after_a_stop(study, data, exemplars, monkeypatch):
    first, climb = [], Study._climb

    def once(self, part):
        if first:
            raise KeyboardInterrupt
        first.append(part)
        return climb(self, part)

    monkeypatch.setattr(Study, "_climb", once)
    with pytest.raises(KeyboardInterrupt):
        study.run()
    done = (study.out / "parts" / "study-none.parquet").stat().st_mtime_ns
    monkeypatch.setattr(Study, "_climb", climb)
    again = Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), study.out)
    table, trial = again.run(log=lambda line: None)
    assert (study.out / "parts" / "study-none.parquet").stat().st_mtime_ns == done, "what was finished ran again"
    assert not list(study.out.rglob("*.part"))
    assert set(COLUMNS) <= set(table.columns)
    assert len(table) == 2 * 2 * 2 * 2
    assert not table.duplicated(["method", "value", "channel", "seed"]).any()
    assert set(trial["channel"]) == set(again.scores.background)

    for base, rows in zip(again.base_pictures(), (table, trial), strict=True):
        default = rows[(rows["method"] == "none") & (rows["value"] == 0.02)]
        assert list(base.channels) == default["channel"].tolist()
        assert list(base.seeds) == default["seed"].tolist()
        distances = again.scores.distances(base.images)
        column = [again.scores.all_channels.index(channel) for channel in base.channels]
        own = distances[np.arange(len(column)), column]
        np.testing.assert_allclose(own, default["exemplar_distance"], rtol=2e-3)  # they are kept in half precision
    scored = again.score_controls()
    assert {*report.verdict.UNINFORMED, "own images"} < set(scored["control"])
    assert (scored["control"] == f"none, blurred by {controls.BLURS[0]:g}").sum() == 2 * 2 + 6


def test_pictures_that_ctrl_c_left_half_done_are_not_kept(study, monkeypatch):
    def stopped(plan, *rest):
        raise KeyboardInterrupt

    # What a step looks like when Ctrl-C comes.
    monkeypatch.setattr("featviz_helpers.ascent.arguments.Arguments.run", stopped)
    with pytest.raises(KeyboardInterrupt):
        study.run()
    assert not list(study.out.rglob("*none*")), "half a climb passed for a whole one"


def test_the_trial_gets_the_values_that_scored_best_on_the_other_channels(data, exemplars, tmp_path, monkeypatch):
    parts = []

    def climb(self, part):
        parts.append(part)
        scores = {0.02: 0.7, 0.05: 0.6, 0.5: np.nan, 1.0: 0.9}
        distances = [scores[value] for value in part.values]
        return pd.DataFrame({"value": list(part.values), "exemplar_distance": distances, "seconds": 0.0})

    monkeypatch.setattr(Study, "_climb", climb)
    study = Study(plan(trial_values=1), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
    study.run(log=lambda line: None)
    trial = [(part.method, part.values, part.channels) for part in parts if part.table == "trial"]
    background = study.scores.background
    assert trial == [("none", [0.02, 0.05], background), ("standard", [1.0], background)]


def test_a_folder_with_another_study_is_refused(study, data, exemplars):
    given = (shapesnet(), data, exemplars, fv.distance("pixels"), study.out)
    with pytest.raises(ValueError, match="differs in its values of standard"):
        Study(plan(methods={"none": [0.02, 0.05], "standard": [0.5, 2.0]}), *given)
    Study(plan(methods={"none": [0.02, 0.05], "jitter": [4.0]}), *given)  # other methods may go on there
    with pytest.raises(ValueError, match="differs in its values of standard"):
        Study(plan(methods={"none": [0.02, 0.05], "standard": [0.5, 2.0]}), *given)
    with pytest.raises(ValueError, match="differs in its plan"):
        Study(plan(steps=4), *given)
    with pytest.raises(ValueError, match="differs in its distance"):
        Study(plan(), shapesnet(), data, exemplars, fv.distance("ssim"), study.out)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": {"none": [0.02], "jitter": [64]}}, "need an image larger than that"),
        ({"methods": {"none": [0.02], "octaves": [6.0]}}, "too small for 'mixed2'"),
    ],
)
def test_values_that_do_not_fit_are_refused_before_anything_is_climbed(changes, says, data, exemplars, tmp_path):
    with pytest.raises(ValueError, match=says):
        Study(plan(**changes), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
