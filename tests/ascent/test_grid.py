"""Grids: every combination once, named, in one batch, and drawn where it belongs."""

import copy
import pickle

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pytest
from featviz_helpers.ascent import step as engine
from support.networks import shapesnet


def test_a_grid_is_the_product_of_its_lists():
    cells = fv.grid(channel=[48, 62], weight=[0, 1e-3, 1e-2], seed=7)
    assert cells.shape == (2, 3, 1) and len(cells) == 6
    assert cells.channel == [48, 48, 48, 62, 62, 62] and cells.seed == [7] * 6
    assert cells.labels[1] == "channel 48, weight 0.001, seed 7"
    np.testing.assert_array_equal(cells.table(range(6)), np.arange(6).reshape(2, 3, 1))
    assert cells.table(np.zeros((6, 4, 5, 3))).shape == (2, 3, 1, 4, 5, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fv.grid(), "no axis"),
        (lambda: fv.grid(channel=[1], weight=[]), "'weight' is empty"),
        (lambda: fv.grid(channel=[1, 2]).table([1, 2, 3]), "takes 2"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_unknown_axis_has_a_suggestion():
    with pytest.raises(AttributeError, match="channel"):
        _ = fv.grid(channel=[1]).chanel


@pytest.mark.slow
def test_a_sweep_over_weights_is_one_batch_and_equals_its_cells():
    cells = fv.grid(channel=[3, 8], weight=[0, 1e-3, 1e-2])
    options = {"size": 48, "steps": 4, "optimizer": fv.GradientAscent(0.02), "snapshots": [0]}
    result = fv.maximize(shapesnet(), fv.channel("mixed1", cells.channel), penalties=[fv.L2(cells.weight)], **options)
    starts = cells.table(result.snapshots[0])
    np.testing.assert_array_equal(starts[:, 0], starts[:, 2])  # a paired comparison: one start for all weights
    for i, (channel, weight) in enumerate(zip(cells.channel, cells.weight, strict=True)):
        penalties = [fv.L2(weight)]
        alone = fv.maximize(shapesnet(), fv.channel("mixed1", channel), penalties=penalties, **options)
        assert np.abs(alone.images[0] - result.images[i]).max() < 0.02
    contrast = cells.table(result.images).std(axis=(2, 3, 4))
    assert (contrast[:, 2] < contrast[:, 0]).all()


@pytest.mark.slow
def test_any_number_can_be_swept_without_another_trace():
    def run(values):
        return fv.maximize(
            shapesnet(), fv.channel("mixed1", 5), size=48, steps=2,
            penalties=[fv.L2(values), fv.TotalVariation(values)],
            projections=[fv.GaussianBlur(values), fv.ClipNorm(values)],
            transforms=[fv.Pad(values), fv.Jitter(values), fv.Scale(1 + values), fv.Rotate(values), fv.Flip(values)],
            optimizer=fv.Adam(values + 0.01), seed=[0, 1],
        )  # fmt: skip

    run(np.array([0.0, 0.5]))
    traced = engine.trace_counts(shapesnet())
    run(np.array([0.9, 0.2]))
    assert engine.trace_counts(shapesnet()) == traced


def test_a_grid_is_drawn_with_its_first_axis_down_and_the_last_across():
    cells = fv.grid(channel=[48, 62], weight=[0, 1e-3, 1e-2])
    shades = np.linspace(-1, 1, 6)[:, None, None, None] * np.ones((6, 4, 4, 3))
    figure = fv.show(shades, cells, title="shades")
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["weight 0", "weight 0.001", "weight 0.01"]
    assert [row[0].get_ylabel() for row in axes] == ["channel 48", "channel 62"]
    drawn = [axis.images[0].get_array()[0, 0, 0] for axis in axes.flat]
    assert drawn == sorted(drawn) and drawn[0] == 0 and drawn[-1] == 255
    plt.close(figure)


@pytest.mark.parametrize("value", [float("nan"), object(), ("a", "b")])
def test_an_axis_has_numbers_or_words(value):
    with pytest.raises(ValueError, match="'weight'"):
        fv.grid(weight=[value])


def test_a_grid_is_copied_and_goes_to_another_process():
    cells = fv.grid(channel=[48, 62], seed=[1, 2])
    for twin in (copy.copy(cells), copy.deepcopy(cells), pickle.loads(pickle.dumps(cells))):
        assert twin.channel == cells.channel and twin.labels == cells.labels


@pytest.mark.parametrize("values", [[20240101, 20240102], [0.12345671, 0.12345672]])
def test_values_that_agree_in_six_digits_are_told_apart(values):
    cells = fv.grid(channel=[1, 2], seed=values)
    assert cells.headings("seed") == [f"seed {value}" for value in values]
    parts = {name: part.tolist() for name, part in cells.split(range(4)).items()}
    assert parts == {f"seed {values[0]}": [0, 2], f"seed {values[1]}": [1, 3]}


def test_a_value_that_an_axis_has_twice_is_one_part_and_loses_no_cell():
    parts = fv.grid(channel=[1, 2], weight=[0, 0.5, 0]).split(range(6))
    assert {name: sorted(part.tolist()) for name, part in parts.items()} == {
        "weight 0": [0, 2, 3, 5],
        "weight 0.5": [1, 4],
    }


@pytest.mark.parametrize("name", ["shape", "labels", "split", "axes"])
def test_an_axis_is_not_called_as_something_that_every_grid_has(name):
    with pytest.raises(ValueError, match=f"`{name}` of its own"):
        fv.grid(**{name: [32, 64]})
