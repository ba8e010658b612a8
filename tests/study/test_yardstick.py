"""What remedies give and take: the table of the notebooks against its parts, and the rule that reads it."""

import featviz_helpers as fv
import numpy as np
import pandas as pd
import pytest
from support.networks import pictures, shapesnet

UNITS = fv.channel("mixed1", [3, 5, 8])


def test_a_row_is_what_its_parts_say_one_by_one():
    base, other = pictures(3, 48), 0.5 * pictures(3, 48, seed=1)
    table = fv.study.account(shapesnet(), UNITS, {"base": base, "other": other})
    assert table.loc["base", ["activation kept", "lowest kept"]].tolist() == [1, 1]
    kept = fv.score(shapesnet(), UNITS, other) / fv.score(shapesnet(), UNITS, base)
    assert kept.min() < kept.mean()
    energy = [fv.spectra.halves(one)[1].mean(axis=-1).var(axis=(1, 2)) for one in (other, base)]
    expected = {
        "contrast": np.sqrt((other**2).mean(axis=(1, 2, 3))).mean(),
        "share of high frequencies": fv.high_frequency(other).mean(),
        "fine energy kept": (energy[0] / energy[1]).mean(),
        "robustness": fv.robustness(shapesnet(), UNITS, other, fv.Jitter(8)).mean(),
        "activation kept": kept.mean(),
        "lowest kept": kept.min(),
    }
    assert list(table.columns) == list(expected)
    np.testing.assert_allclose(table.loc["other"], list(expected.values()), rtol=1e-5)


def test_a_sweep_is_split_into_rows_and_results_count_as_their_images():
    cells = fv.grid(channel=[3, 5, 8], weight=[0, 1e-2])
    images = pictures(6, 48)
    rows = cells.split(images)
    assert list(rows) == ["weight 0", "weight 0.01"]
    np.testing.assert_array_equal(rows["weight 0.01"], images[1::2])
    result = fv.maximize(shapesnet(), UNITS, size=48, steps=2)
    table = fv.study.account(shapesnet(), UNITS, {"made": result, "the same": result.images})
    np.testing.assert_array_equal(table.loc["made"], table.loc["the same"])


def test_three_axes_are_split_in_the_order_of_the_cells():
    cells = fv.grid(channel=[3, 5], seed=[0, 1], weight=[0, 1, 2])
    assert cells.split(range(12))["weight 1"].tolist() == [1, 4, 7, 10]


def test_a_cloud_on_top_lowers_the_share_and_leaves_the_fine_energy():
    base = pictures(3, 48)
    cloud = np.sin(2 * np.pi * np.arange(48) / 48)[:, None, None]
    table = fv.study.account(shapesnet(), UNITS, {"base": 0.2 * base, "cloud": 0.2 * base + 0.6 * cloud})
    assert table.loc["cloud", "share of high frequencies"] < 0.5 * table.loc["base", "share of high frequencies"]
    assert table["fine energy kept"].tolist() == pytest.approx([1, 1], abs=1e-3)


def test_a_dead_start_is_left_out_and_one_that_never_rose_has_nothing_to_keep():
    base, dead = pictures(3, 48), pictures(3, 48)
    dead[1] = np.nan
    table = fv.study.account(
        shapesnet(), UNITS, {"base": base, "one dead": dead, "all dead": np.full_like(base, np.nan)}
    )
    assert np.isfinite(table.loc["one dead"]).all()
    assert table.loc["one dead", "lowest kept"] == pytest.approx(1.0, abs=1e-5)
    assert table.loc["all dead"].isna().all()


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="`pictures` is empty"):
        fv.study.account(shapesnet(), UNITS, {})
    with pytest.raises(ValueError, match="'fewer' has 1 pictures and 'base' has 3"):
        fv.study.account(shapesnet(), UNITS, {"base": pictures(3, 48), "fewer": pictures(1, 48)})


def test_the_rule_asks_for_half_the_grain_and_half_the_activation_of_every_channel():
    table = pd.DataFrame(
        {"share of high frequencies": [0.6, 0.3, 0.31, 0.1], "lowest kept": [1.0, 0.5, 0.9, 0.49]},
        index=["base", "good", "grainy", "weak"],
    )
    assert fv.study.worth_using(table) == ["good"]
