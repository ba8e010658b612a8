"""The verdict on tables whose answer is known."""

import numpy as np
import pytest
from featviz_helpers.study import verdict
from support.studies import control_table, study_table, tables

OWN = verdict.SPECIFIC


def answers(table, **other):
    judged = verdict.judge(tables(table, control_table(**other)))
    return judged.set_index(["contestant", "question"])["answer"], verdict.sentences(judged)


def test_the_verdict_says_what_the_data_say():
    given, sentences = answers(study_table(gain=0.4, own=0.1))
    assert given["good", "closer to its data set images than a grey square"] == "yes"
    assert given["none", "closer to its data set images than a grey square"] == "no"
    assert given["good", "closer than all pictures that know nothing"] == "yes"
    assert given["good", "closer than pictures without a regulariser, blurred afterwards"] == "no"
    assert given["good", "closer than without a regulariser"] == "yes"
    assert given["good", "closer at equal activation"] == "yes"
    assert given["good", OWN] == "yes" and given["none", OWN] == "cannot tell"
    assert given["good", "more specific than without a regulariser"] == "yes"
    assert any("grey square: good. Clearly not: none." in sentence for sentence in sentences)

    given, sentences = answers(study_table(gain=0.0, own=0.0, noise=0.02, draw=1))
    assert given["good", "closer than without a regulariser"] == "cannot tell"
    assert given["good", OWN] == "cannot tell"
    assert given["good", "closer to its data set images than a grey square"] == "no"
    assert any(
        said.startswith("Closer than without a regulariser: no method. The data cannot tell") for said in sentences
    )


def test_a_coarser_step_of_the_base_is_no_fault_of_a_regulariser():
    """At step 0.02 both draw the same; the base may also choose 0.05, at which its pictures come nearer."""
    table = study_table(gain=0.0, noise=0.001)
    table["value"] = table["value"].map({1.0: 0.01, 2.0: 0.02, 3.0: 0.05})
    coarse = table["method"].eq("none") & table["value"].eq(0.05)
    table.loc[coarse, [name for name in table if name.startswith(("to ", "exemplar"))]] -= 0.1
    question = "closer than without a regulariser"
    assert answers(table)[0]["good", question] == "cannot tell"
    step = table.replace({"method": {"good": "Fourier"}})  # what is varied is its step: chosen as that of the base
    assert answers(step)[0]["Fourier", question] == "no"


def test_the_controls_answer_what_the_methods_answer():
    """The channel's own images have to pass too; a question that is about a control is not asked of it."""
    given, sentences = answers(study_table(gain=0.4, own=0.1))
    assert given["own images", OWN] == "yes"
    assert given["grey", OWN] == given["photographs", OWN] == "cannot tell"
    assert given["own images", "closer than photographs drawn blindly"] == "yes"
    assert ("grey", "closer to its data set images than a grey square") not in given
    assert ("photographs", "closer than all pictures that know nothing") not in given
    assert given["blurred base", "closer than without a regulariser"] == "yes"
    assert any("own images yes" in said for said in sentences)


def test_ordinary_sets_alone_make_no_method_specific():
    given, _ = answers(study_table(own=0.0, set_effect=0.3, noise=0.01), set_effect=0.3)
    assert given["good", OWN] == given["none", OWN] == given["grey", OWN] == "cannot tell"
    given, _ = answers(study_table(own=0.03, set_effect=0.3, noise=0.01), set_effect=0.3)
    assert given["good", OWN] == "yes", "found among sets that differ ten times as much"


def test_p_stands_beside_every_answer_and_is_corrected_for_their_number():
    judged = verdict.judge(tables(study_table(gain=0.4, own=0.1)))
    assert judged["p"].notna().all() and (judged["holm"] >= judged["p"]).all()
    specific = judged[judged["question"] == OWN].set_index("contestant")["p"]
    assert specific["good"] < 0.001 < 0.05 < specific["none"]
    starred = judged.assign(holm=1.0)
    assert "grey square: good*. Clearly not: none*." in verdict.sentences(starred)[0]


def test_a_handful_of_channels_gives_no_answer():
    table = study_table(gain=0.4)
    for count, answer in ((verdict.ENOUGH - 1, "cannot tell"), (verdict.ENOUGH, "yes")):
        given, _ = answers(table[table["channel"] < count])
        assert given["good", "closer than without a regulariser"] == answer
    table.loc[table["method"].eq("good") & table["channel"].gt(1), "activation"] *= 100  # two channels have partners
    given, sentences = answers(table)
    assert given["good", "closer at equal activation"] == "cannot tell"
    assert any("equal activation: no method. The data cannot tell: good." in said for said in sentences)


def test_a_line_says_on_how_many_channels_it_rests_where_that_differs():
    table = study_table(gain=0.4)
    table.loc[table["method"].eq("none") & table["channel"].lt(3), ["exemplar_distance", "to 0"]] = np.nan
    _, sentences = answers(table)
    (said,) = (said for said in sentences if "grey square" in said)
    assert "good (12 channels). Clearly not: none* (9 channels)." in said


def test_a_dead_start_or_a_dead_channel_changes_no_answer():
    question = "closer to its data set images than a grey square"
    table = study_table(gain=0.4)
    to = [name for name in table if name.startswith("to ")]
    dead = table["channel"].eq(3) & table["seed"].eq(1)
    table.loc[dead, ["exemplar_distance", "activation", *to]] = np.nan
    table.loc[table["channel"].eq(5), ["exemplar_distance", *to]] = np.nan
    assert answers(table)[0]["good", question] == "yes"


def test_the_table_of_specificity_gives_own_images_all_of_their_own_and_grey_nothing():
    found = verdict.specificity_table(tables(study_table(own=0.05))).set_index("contestant")
    assert found.loc["own images", "share"] == 1.0 and found.loc["own images", "specificity"] == pytest.approx(
        0.1, abs=0.01
    )
    assert found.loc["good", "specificity"] == pytest.approx(0.05, abs=0.01)
    assert found.loc["grey", "specificity"] == pytest.approx(0, abs=1e-9)
    assert found.loc["good", "over_low"] > 0.03 and np.isnan(found.loc["none", "over_base"])
    wide, narrow = (
        found.loc["good", high] - found.loc["good", low] for low, high in (("naive_low", "naive_high"), ("low", "high"))
    )
    assert narrow < wide / 3


def test_the_base_at_its_most_specific_value_is_the_hardest_rival():
    """At value 3 the base is 0.05 nearer to its own sets, and "good" is 0.03 nearer at every value."""
    table = study_table(gain=0.0, own=0.03, noise=0.002)
    for channel in table["channel"].unique():
        own = table["method"].eq("none") & table["value"].eq(3.0) & table["channel"].eq(channel)
        table.loc[own, ["exemplar_distance", f"to {channel}"]] -= 0.05
    found = verdict.over_most_specific(tables(table))
    assert set(found["value"]) == {3.0}
    assert found.loc["good", "mean"] == pytest.approx(-0.02, abs=0.005) and found.loc["good", "high"] < 0
    assert found.loc["own images", "mean"] == pytest.approx(0.05, abs=0.01)
