"""The verdict on tables whose answer is known."""

import numpy as np
import pandas as pd
from featviz_helpers.study import statistics, verdict
from support.studies import MANY_CHANNELS, study_table


def controls(grey=0.95, photographs=0.85, blurred=0.7):
    levels = {"grey": grey, "photographs": photographs, "none, blurred by 2": blurred}
    return pd.DataFrame(
        [
            {"control": name, "channel": channel, "exemplar_distance": level + 0.03 * channel}
            for name, level in levels.items()
            for channel in MANY_CHANNELS
        ]
    )


def answers(table, **other):
    held_out = statistics.held_out(table)
    judged = verdict.judge(held_out, controls(**other), statistics.activation_pairs(table, held_out))
    return judged.set_index(["method", "question"])["answer"], verdict.sentences(judged)


def test_the_verdict_says_what_the_data_say():
    given, sentences = answers(study_table(gain=0.4, own=0.1))
    assert given["good", "closer to its data set images than a grey square"] == "yes"
    assert given["none", "closer to its data set images than a grey square"] == "no"
    assert given["good", "closer than all pictures that know nothing"] == "yes"
    assert given["good", "closer than pictures without a regulariser, blurred afterwards"] == "no"
    assert given["good", "closer than without a regulariser"] == "yes"
    assert given["good", "closer to its own channel's images than to other channels'"] == "yes"
    assert any("grey square: good. Clearly not: none." in sentence for sentence in sentences)

    given, sentences = answers(study_table(gain=0.0, own=0.0, noise=0.02))
    assert given["good", "closer than without a regulariser"] == "cannot tell"
    assert given["good", "closer to its own channel's images than to other channels'"] == "cannot tell"
    assert given["good", "closer to its data set images than a grey square"] == "no"
    assert any(
        said.startswith("Closer than without a regulariser: no method. The data cannot tell") for said in sentences
    )


def test_a_handful_of_channels_gives_no_answer():
    table = study_table(gain=0.4)
    for count, answer in ((verdict.ENOUGH - 1, "cannot tell"), (verdict.ENOUGH, "yes")):
        given, _ = answers(table[table["channel"] < count])
        assert given["good", "closer than without a regulariser"] == answer
    table.loc[table["method"].eq("good") & table["channel"].gt(1), "activation"] *= 100  # two channels have partners
    assert answers(table)[0]["good", "closer at equal activation"] == "cannot tell"


def test_a_dead_start_or_a_dead_channel_changes_no_answer():
    question = "closer to its data set images than a grey square"
    table = study_table(gain=0.4)
    dead = table["channel"].eq(3) & table["seed"].eq(1)
    table.loc[dead, ["exemplar_distance", "specificity", "auc", "activation"]] = np.nan
    table.loc[table["channel"].eq(5), "exemplar_distance"] = np.nan
    assert answers(table)[0]["good", question] == "yes"
