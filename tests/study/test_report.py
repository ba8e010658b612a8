"""What a study leaves in its folder, and what reads it again."""

import json

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.metrics.answer_key import PROPERTIES
from featviz_helpers.study import Study, report
from support.networks import shapesnet
from support.studies import plan


class Reddest:
    """Grades the red of a picture plus the number of its channel: right only if each picture meets its own channel."""

    accuracy = 1.0

    def grade(self, images, channels):
        names = (*PROPERTIES, "grade")
        return pd.DataFrame(dict.fromkeys(names, images[..., 0].mean(axis=(1, 2)) + np.array(channels)))


@pytest.mark.slow
def test_a_finished_study_is_written_down_and_another_notebook_can_read_it(data, exemplars, tmp_path):
    methods = {"none": [0.02, 0.05]}
    judges = fv.distance("pixels"), fv.distance("ssim")
    given = (plan(methods=methods), shapesnet(), data, exemplars, judges[0], tmp_path)
    study = Study(*given, Reddest(), place_free=judges[1])
    text = report.write(study, lambda line: None, ["featviz", "study", "--channels", "10 28"])
    assert "## The verdict" in text and "## The answer key" in text
    assert all(text.count(f"### Specificity: {judge.label}") == 1 for judge in judges)

    tables = fv.study.read(tmp_path).tables
    table, trial = tables.study, tables.trial
    expected = study.pictures("none")[..., 0].mean(axis=(1, 2)) + table["channel"]
    np.testing.assert_allclose(table["grade"], expected, atol=1e-3)
    assert trial["grade"].notna().all()
    summary = pd.read_csv(tmp_path / "summary.csv", index_col=0)
    lowest = table.groupby(["channel", "value"])["exemplar_distance"].mean()[28].min()
    assert summary.loc["none", "28"] == pytest.approx(lowest, abs=1e-4)
    first = report.statistics.lowest_distances(table[table["seed"] == 0])
    moved = (first - report.statistics.lowest_distances(table)).abs().to_numpy()
    assert f"move by {moved.mean():.3f} on average and by {moved.max():.3f} at most" in text
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["exemplars"]["fingerprint"] == data.fingerprint
    assert record["exemplars"]["weights"] and record["plan"]["seeds"] == [0, 1]
    assert record["background"] == study.scores.background
    assert record["command"] == ["featviz", "study", "--channels", "10 28"] and record["data"] == str(data)
    assert {"cpu", "cpu_count", "threads"} <= record["hardware"].keys()
    assert {"scikit-learn", "pandas", "pillow", "h5py", "pyarrow"} <= record["versions"].keys()
    assert len(record["code"]) == 1 and record["judges"] == [judge.label for judge in judges]
    for name in ("judged", "specificity", "place_free_specificity", "predictors", "predictor_differences"):
        assert len(pd.read_csv(tmp_path / f"{name}.csv")), name
    judged = pd.read_csv(tmp_path / "judged.csv")
    assert set(judged["judge"]) == {"places", "place_free_"} and {"none", "own images", "grey"} <= set(
        judged["contestant"]
    )

    with pytest.raises(ValueError, match="differs in its distance, graded"):
        Study(plan(methods=methods), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path)
