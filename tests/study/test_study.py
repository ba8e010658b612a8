"""The study end to end on the bundled network, against brute force, and stopped half-way."""

import json

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.metrics import answer_key as truth
from featviz_helpers.study import controls
from featviz_helpers.study import figures as study_figures
from featviz_helpers.study import report as study_report
from featviz_helpers.study.crowd import branches, draw_crowd
from featviz_helpers.study.study import Plan, Study
from support.networks import shapesnet

CHANNELS = [10, 28]
COLUMNS = [
    "method", "value", "channel", "seed", "exemplar_distance", "other_distance", "specificity", "activation",
    "activation_percentile", "seconds",
]  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return fv.ShapesImages(256, seed=3)


@pytest.fixture(scope="module")
def exemplars(data):
    return fv.find_exemplars(shapesnet(), data, "mixed2", k=4)


def plan(**changes):
    methods = {"none": [0.02, 0.05], "standard": [0.5, 1.0]}
    given = {"channels": CHANNELS, "crowd": 6, "methods": methods, "seeds": [0, 1], "steps": 3, "size": 64, "k": 4}
    return Plan(**(given | changes))


@pytest.fixture
def work(data, exemplars, tmp_path):
    return Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path / "study")


def test_a_grade_is_what_its_definition_says(work):
    images = np.stack([work.sets[10][0], work.sets[28][1], np.full((64, 64, 3), np.nan, np.float32)])
    activations = np.array([1e6, -1.0, np.nan])
    found = pd.DataFrame(work.grade(work.distances(images), [10, 28, 10], activations))
    judge = fv.distance("pixels")
    every = {
        number: [np.mean([judge.pairs(image[None], other[None])[0] for other in others]) for image in images[:2]]
        for number, others in work.sets.items()
    }
    for row, own in enumerate((10, 28)):
        rest = [values[row] for number, values in every.items() if number != own]
        told = found.iloc[row]
        assert told["exemplar_distance"] == pytest.approx(every[own][row], rel=1e-4)
        assert told["other_distance"] == pytest.approx(np.mean(rest), rel=1e-4)
        assert told["specificity"] == pytest.approx(np.mean(rest) - every[own][row], abs=1e-4)
        assert told["rank"] == 1 + sum(value < every[own][row] for value in rest)
        assert told["auc"] == pytest.approx(np.mean([value > every[own][row] for value in rest]))
    assert found["activation_percentile"].tolist()[:2] == [100.0, 0.0]
    assert found.iloc[2].isna().all()


def test_the_crowd_is_alive_and_comes_from_every_branch(exemplars):
    ranges = branches(shapesnet(), "mixed2")
    assert [len(branch) for branch in ranges] == [28, 40, 32, 20]
    crowd = draw_crowd(shapesnet(), exemplars, "mixed2", 16, avoid=CHANNELS)
    assert len(set(crowd)) == 16
    assert not set(crowd) & set(CHANNELS)
    assert [sum(number in branch for number in crowd) for branch in ranges] == [4, 4, 4, 4]
    with pytest.raises(ValueError, match="other living channels"):
        draw_crowd(shapesnet(), exemplars, "mixed2", 120, avoid=CHANNELS)


def test_the_noises_have_the_spectra_that_they_are_named_for():
    images = controls.natural_noise(128, [0, 1, 2, 3])
    frequency, power = fv.spectra.profile(images, bins=16)
    slope = np.polyfit(np.log(frequency[1:12]), np.log(power.mean(axis=0)[1:12]), 1)[0]
    assert slope == pytest.approx(-2, abs=0.4)  # amplitude 1/f is power 1/f^2
    flat = fv.spectra.profile(controls.white_noise(128, [0, 1, 2, 3]), bins=16)[1].mean(axis=0)
    assert abs(np.polyfit(np.log(frequency[1:12]), np.log(flat[1:12]), 1)[0]) < 0.2
    assert not np.array_equal(images[0], images[1])


@pytest.mark.slow
def test_a_study_from_end_to_end_goes_on_after_a_stop(work, data, exemplars, monkeypatch):
    first, climbed = [], Study._climb

    def once(self, method, *rest):
        if first:
            raise KeyboardInterrupt
        first.append(method)
        return climbed(self, method, *rest)

    monkeypatch.setattr(Study, "_climb", once)
    with pytest.raises(KeyboardInterrupt):
        work.run()
    done = (work.out / "parts" / "study-none.parquet").stat().st_mtime_ns
    monkeypatch.setattr(Study, "_climb", climbed)
    again = Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), work.out)
    text = study_report.write(again, lambda line: None)
    assert (work.out / "parts" / "study-none.parquet").stat().st_mtime_ns == done, "what was finished ran again"
    assert not list(work.out.rglob("*.part"))

    study = pd.read_parquet(work.out / "study.parquet")
    assert set(COLUMNS) <= set(study.columns)
    assert len(study) == 2 * 2 * 2 * 2
    assert not study.duplicated(["method", "value", "channel", "seed"]).any()
    trial = pd.read_parquet(work.out / "trial.parquet")
    assert set(trial["channel"]) == set(again.crowd)
    summary = pd.read_csv(work.out / "summary.csv", index_col=0)
    lowest = study[study["method"] == "standard"].groupby(["channel", "value"])["exemplar_distance"].mean()
    assert summary.loc["standard", "28"] == pytest.approx(lowest[28].min(), abs=1e-4)
    found = pd.read_parquet(work.out / "controls.parquet")
    names = set(found["control"])
    assert {"grey", "mean of the data", "white noise", "1/f noise", "photographs", "own images"} < names
    ceiling = found[(found["control"] == "own images") & (found["channel"] == 28)]["exemplar_distance"].to_numpy()
    first, *others = again.sets[28]
    pairs = [fv.distance("pixels").pairs(first[None], other[None])[0] for other in others]
    assert ceiling[0] == pytest.approx(np.mean(pairs), rel=1e-4)
    for part, table in (("study", study), ("trial", trial)):
        plain = table[table["method"] == "none"].reset_index(drop=True)
        place = plain.index[plain["value"] == 0.02][-1]
        picture = controls.blurred(again.made("none", part)[place : place + 1], controls.BLURS[0] * 64 / 224)
        row = found[found["control"].str.startswith("none, blurred") & (found["channel"] == plain["channel"][place])]
        owner = again.everyone.index(plain["channel"][place])
        expected = again.distances(picture)[0, owner]
        assert row[row["seed"] == plain["seed"][place]].iloc[0]["exemplar_distance"] == pytest.approx(
            expected, rel=1e-4
        )
    told = json.loads((work.out / "provenance.json").read_text())
    assert told["exemplars"]["fingerprint"] == data.fingerprint
    assert told["exemplars"]["weights"] and told["plan"]["seeds"] == [0, 1]
    assert "## The verdict" in text


def test_pictures_that_ctrl_c_left_half_done_are_not_kept(work, monkeypatch):
    def stopped(plan, *rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "featviz_helpers.ascent.arguments.Arguments.run", stopped
    )  # what a step looks like when Ctrl-C comes
    with pytest.raises(KeyboardInterrupt):
        work.run()
    assert not list(work.out.rglob("*none*")), "half a climb passed for a whole one"


def test_the_trial_gets_the_values_that_scored_best_on_the_other_channels(data, exemplars, tmp_path, monkeypatch):
    asked = []

    def climb(self, method, values, channels, seeds, pictures):
        asked.append((method, tuple(values), tuple(channels)))
        scores = {0.02: 0.7, 0.05: 0.6, 0.5: np.nan, 1.0: 0.9}
        return pd.DataFrame({"value": list(values), "exemplar_distance": [scores[v] for v in values], "seconds": 0.0})

    monkeypatch.setattr(Study, "_climb", climb)
    work = Study(plan(trial_values=1), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
    work.run(tell=lambda line: None)
    crowd = tuple(work.crowd)
    assert [cells for cells in asked if cells[2] == crowd] == [
        ("none", (0.02, 0.05), crowd),
        ("standard", (1.0,), crowd),
    ]


@pytest.mark.slow
def test_the_answer_key_grades_every_picture_and_another_notebook_can_read_it(data, exemplars, tmp_path):
    class Reddest:  # of a picture or of its channel's number: right only if each picture meets its own channel
        accuracy = 1.0

        def grade(self, images, channels):
            names = (*truth.PROPERTIES, "grade")
            return pd.DataFrame(dict.fromkeys(names, images[..., 0].mean(axis=(1, 2)) + np.array(channels)))

    methods = {"none": [0.02, 0.05]}
    first = Study(plan(methods=methods), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path, Reddest())
    study_report.write(first, lambda line: None)
    study, trial, _ = study_report.read(tmp_path, first)
    expected = first.made("none")[..., 0].mean(axis=(1, 2)) + study["channel"]
    np.testing.assert_allclose(study["grade"], expected, atol=1e-3)
    assert trial["grade"].notna().all()
    other = Study(plan(methods=methods), shapesnet(), data, exemplars, fv.distance("ssim"), tmp_path / "other")
    with pytest.raises(ValueError, match="of another distance"):
        study_report.read(tmp_path, other)
    with pytest.raises(FileNotFoundError, match="no finished study"):
        study_report.read(tmp_path / "nowhere", other)
    with pytest.raises(ValueError, match="differs in its graded"):
        Study(plan(methods=methods), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)


def test_a_folder_with_another_study_is_refused(work, data, exemplars):
    given = (shapesnet(), data, exemplars, fv.distance("pixels"), work.out)
    with pytest.raises(ValueError, match="differs in its values of standard"):
        Study(plan(methods={"none": [0.02, 0.05], "standard": [0.5, 2.0]}), *given)
    Study(plan(methods={"none": [0.02, 0.05], "jitter": [4.0]}), *given)  # other methods may go on there
    with pytest.raises(ValueError, match="differs in its values of standard"):
        Study(plan(methods={"none": [0.02, 0.05], "standard": [0.5, 2.0]}), *given)
    with pytest.raises(ValueError, match="differs in its plan"):
        Study(plan(steps=4), shapesnet(), data, exemplars, fv.distance("pixels"), work.out)
    with pytest.raises(ValueError, match="differs in its distance"):
        Study(plan(), shapesnet(), data, exemplars, fv.distance("ssim"), work.out)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": {"non": [0.1]}}, "did you mean none"),
        ({"methods": {"standard": [1.0]}}, "'none' is what the others are compared with"),
        ({"methods": {"none": []}}, "at least 1 item"),
        ({"steps": 0}, "greater than or equal to 1"),
        ({"channels": []}, "at least 1 item"),
        ({"channels": [10, 28, 10]}, "10 is named twice"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        plan(**changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": {"none": [0.02], "jitter": [64]}}, "need an image larger than that"),
        ({"methods": {"none": [0.02], "octaves": [6.0]}}, "too small for 'mixed2'"),
        ({"layer": "logits"}, "class scores have none"),
        ({"k": 5}, "The scan kept 4 images"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_before_anything_is_climbed(changes, says, data, exemplars, tmp_path):
    with pytest.raises(ValueError, match=says):
        Study(plan(**changes), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)


def test_exemplars_of_other_images_are_refused(exemplars, tmp_path):
    with pytest.raises(ValueError, match="found with another fingerprint"):
        Study(plan(), shapesnet(), fv.ShapesImages(256, seed=4), exemplars, fv.distance("pixels"), tmp_path)


def test_images_that_cannot_be_read_are_no_controls(work, monkeypatch):
    damaged = dict.fromkeys(work.data.names[::2], "truncated")
    monkeypatch.setitem(work.exemplars.meta, "damaged", damaged)
    loaded = []
    monkeypatch.setattr(work, "load", lambda name: loaded.append(name) or np.zeros((64, 64, 3), np.float32))
    controls.pictures(work)
    assert loaded and not set(loaded) & damaged.keys()


def test_a_channel_whose_starts_were_all_dead_does_not_stop_the_figure(work, monkeypatch):
    monkeypatch.setattr(Study, "made", lambda self, method: np.zeros((16, 64, 64, 3), np.float32))
    rows = {"method": "none", "channel": [10] * 8 + [28] * 8, "exemplar_distance": [np.nan] * 8 + [1.0] * 8}
    study = pd.concat([pd.DataFrame(rows), pd.DataFrame(rows).assign(method="standard")])
    assert len(study_figures.pictures(work, study).axes) == 3 * 2


def test_a_channel_that_does_not_exist_is_refused(data, exemplars, tmp_path):
    with pytest.raises(ValueError, match="channels 0 to 119"):
        Study(plan(channels=[120]), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)


@pytest.mark.slow
def test_the_command_writes_what_it_promises(tmp_path):
    options = ["--count", "160", "--channels", "10 28", "--crowd", "4", "--methods", "none, standard", "--seeds", "1"]
    options += ["--steps", "2", "--net", "pixels", "--k", "3", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, ["study", *options])
    assert done.exit_code == 0, done.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"study.parquet", "controls.parquet", "summary.csv", "verdict.md", "curves.png", "controls.png"} <= names
    assert {"predictors.csv", "pictures.jpg"} <= names
    assert "## The verdict" in done.output
    assert "## The answer key" in done.output
    refused = CliRunner().invoke(main, ["study", "--methods", "non", "--out", str(tmp_path / "other")])
    assert refused.exit_code == 2
    assert "did you mean none" in refused.output
