"""The study end to end on the bundled network, stopped half-way, and what a folder with another study says."""

import json

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from featviz_helpers.ascent.step import Compiled
from featviz_helpers.common.errors import TooLittleMemory
from featviz_helpers.study import Study, controls, report
from featviz_helpers.study.parts import Part
from featviz_helpers.study.study import moments
from support.networks import shapesnet
from support.studies import CHANNELS, plan

COLUMNS = [
    "method", "value", "channel", "seed", "exemplar_distance", "other_distance", "specificity", "auc", "activation",
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
    tables = again.run(log=lambda line: None)
    table, trial = tables.study, tables.trial
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
    scored = tables.controls
    assert {*report.verdict.UNINFORMED, "own images"} < set(scored["control"])
    assert (scored["control"] == f"{controls.BLURRED}, {controls.BLURS[0]:g}").sum() == 2 * 2 + 6

    # The stored matrix is what the tables were computed from.
    matrix = tables.distances[tables.distances["table"] == "trial"].reset_index(drop=True)
    own = [matrix.loc[i, f"to {channel}"] for i, channel in enumerate(trial["channel"])]
    np.testing.assert_allclose(own, trial["exemplar_distance"], atol=1e-4)
    residuals = tables.residuals()
    assert len(residuals) == len(table) + len(trial) + len(scored)
    np.testing.assert_allclose(residuals.xs("grey", level="method"), 0, atol=1e-4)
    tables.save(again.out)
    assert fv.study.Tables.load(again.out).trial.equals(trial)


@pytest.mark.slow
def test_both_parts_of_a_method_are_one_climb_where_they_can_be(data, exemplars, tmp_path, monkeypatch):
    climbed, climb = [], Study._climb
    monkeypatch.setattr(Study, "_climb", lambda self, part: climbed.append(part) or climb(self, part))
    given = plan(methods={"none": [0.02]}, seeds=[0], trial_seeds=[0], steps=2)
    study = Study(given, shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
    tables = study.run(log=lambda line: None)
    assert [part.channels for part in climbed] == [study.scores.all_channels]
    assert tables.study["channel"].tolist() == CHANNELS and tables.trial["channel"].tolist() == study.scores.background
    for table, rows in (("study", tables.study), ("trial", tables.trial)):
        images = study.pictures("none", table)
        own = [
            fv.distance("pixels").matrix(x[None], study.scores.sets[c]).mean()
            for x, c in zip(images, rows["channel"], strict=True)
        ]
        np.testing.assert_allclose(own, rows["exemplar_distance"], rtol=2e-3)


@pytest.mark.slow
def test_snapshots_are_those_of_one_climb(study):
    study.plan = study.plan.model_copy(update={"steps": 4, "methods": {"none": [0.02]}})
    rows = study._climb_snapshots()
    assert rows.groupby(["channel", "seed"]).size().eq(len(moments(4))).all()
    assert set(rows["channel"]) == set(study.scores.background)
    channels = study.scores.background
    _, result = fv.run_methods(shapesnet(), "mixed2", channels, {"none": 0.02}, steps=4, size=64, dead="mark")["none"]
    last = rows[rows["step"] == 4].set_index("channel").loc[channels]
    np.testing.assert_allclose(last["activation"], result.activations, rtol=1e-3, atol=1e-5)
    near = fv.distance("pixels").matrix(result.images[:1], study.scores.sets[channels[0]]).mean()
    assert last["exemplar_distance"].iloc[0] == pytest.approx(near, rel=1e-3)
    assert moments(128)[0] == 1 and moments(128)[-1] == 128


@pytest.mark.slow
def test_what_aligned_to_one_half_is_judged_by_the_other(data, exemplars, tmp_path):
    given = plan(methods={"none": [0.02], "alignment": [10.0]}, steps=2)
    study = Study(given, shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
    study._run_part(Part("study", "alignment", [10.0], CHANNELS, [0, 1]), lambda line: None)
    rows = pd.read_parquet(tmp_path / "parts" / "study-alignment.parquet")
    images = study.pictures("alignment")
    for row, image in zip(rows.itertuples(), images, strict=True):
        judging = study.scores.halves[row.channel][1 - row.seed % 2]
        expected = fv.distance("pixels").matrix(image[None], judging).mean()
        assert row.exemplar_distance == pytest.approx(expected, rel=1e-2)


def test_pictures_that_ctrl_c_left_half_done_are_not_kept(study, monkeypatch):
    def stopped(plan, *rest):
        raise KeyboardInterrupt

    # What a step looks like when Ctrl-C comes.
    monkeypatch.setattr(Compiled, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        study.run()
    assert not list(study.out.rglob("*none*")), "half a climb passed for a whole one"


def test_pictures_for_which_there_was_no_memory_are_not_kept(study, monkeypatch):
    def exhaust(*arguments):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9,9] and type float")

    monkeypatch.setattr(Compiled, "__call__", exhaust)
    with pytest.raises(
        TooLittleMemory, match=r"for \d+ pictures of 64 x 64 pixels at once \(OOM .*\[9,9\]\)\. Work on"
    ):
        study.run(log=lambda line: None)
    assert not list(study.out.rglob("*.parquet")) and not list(study.out.rglob("*.npz"))


def test_the_trial_gets_the_values_that_scored_best_on_the_other_channels(data, exemplars, tmp_path, monkeypatch):
    parts = []

    def climb(self, part):
        parts.append(part)
        scores = {0.02: 0.7, 0.05: 0.6, 0.5: np.nan, 1.0: 0.9}
        distances = [scores[value] for value in part.values]
        return pd.DataFrame({"value": list(part.values), "exemplar_distance": distances}), np.zeros(len(distances))

    monkeypatch.setattr(Study, "_climb", climb)
    monkeypatch.setattr(Study, "_climb_snapshots", lambda self: pd.DataFrame({"channel": [0]}))
    monkeypatch.setattr(Study, "_score_controls", lambda self: pd.DataFrame({"channel": [0]}))
    monkeypatch.setattr("featviz_helpers.study.study.Tables.of", lambda snapshots, **rows: rows)
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


def test_a_folder_with_results_of_other_code_is_refused(study, data, exemplars, monkeypatch):
    """Old rows stood in new tables under the new state of git."""
    before = (study.out / "request.json").read_text()
    monkeypatch.setattr("featviz_helpers.study.study.of_rooms", lambda *_: "another version")
    with pytest.raises(ValueError, match=r"differs in its code\. Choose another folder, or delete it"):
        Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), study.out)
    assert (study.out / "request.json").read_text() == before


@pytest.mark.parametrize("content", ["{", "[]", "5", "{}"])
def test_a_damaged_question_is_named(study, data, exemplars, content):
    (study.out / "request.json").write_text(content)
    with pytest.raises(ValueError, match=r"request\.json' is damaged .* Delete it"):
        Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), study.out)


@pytest.mark.parametrize("key", ["network", "data", "scan", "graded"])
def test_a_study_of_something_else_under_the_same_names_is_another_study(study, data, exemplars, key):
    path = study.out / "request.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: "another"}))
    with pytest.raises(ValueError, match=f"differs in its {key}"):
        Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), study.out)


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
