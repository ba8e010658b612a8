"""Random numbers: keyed, reproducible, independent of the order in which they are drawn."""

import numpy as np
from featviz_helpers.common.random_streams import image_key, start_uniform, step_uniform
from hypothesis import given
from hypothesis import strategies as st

seeds = st.integers(-(2**40), 2**40)
keys = st.integers(0, 2**32 - 1)


@given(seeds, keys, st.integers(0, 1000), st.integers(1, 20), st.integers(1, 9), st.data())
def test_a_step_draws_the_same_in_any_chunk(seed, key, first, steps, draws, data):
    whole = step_uniform(seed, key, first, steps, draws)
    step = data.draw(st.integers(0, steps - 1))
    np.testing.assert_array_equal(step_uniform(seed, key, first + step, 1, draws)[0], whole[step])
    assert whole.dtype == np.float32 and whole.min() >= 0.0 and whole.max() < 1.0


@given(seeds, keys)
def test_seed_key_and_stream_all_matter(seed, key):
    one = start_uniform(seed, key, (16,))
    assert not np.array_equal(one, start_uniform(seed + 1, key, (16,)))
    assert not np.array_equal(one, start_uniform(seed, key ^ 1, (16,)))
    assert not np.array_equal(one, step_uniform(seed, key, 0, 1, 16)[0])
    np.testing.assert_array_equal(one, start_uniform(seed, key, (16,)))


def test_the_numbers_are_uniform():
    sample = np.sort(start_uniform(0, 0, (100_000,)))
    # Kolmogorov-Smirnov distance; 0.0061 is the 0.1 % point for this sample size.
    assert np.abs(sample - np.linspace(0, 1, len(sample))).max() < 0.0061


def test_numbers_do_not_change_between_versions():
    """Published pictures are named by their seed: the stream may never change."""
    np.testing.assert_allclose(step_uniform(7, 62, 3, 1, 3)[0], [0.66530335, 0.40919846, 0.34274369], rtol=0, atol=1e-7)
    assert image_key("channel", 62) == 2316774729
