"""The measures agree with the answer key of pictures that are known to be so."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.metrics import spectra


@pytest.fixture(scope="module")
def data():
    return fv.shapes.draw(640, seed=5)


def test_orientation_agrees_with_the_key(data):
    known = data.key["orientation_deg"].notna().to_numpy()
    measured, strength = spectra.orientation(data.images[known])
    off = np.abs((measured - data.key["orientation_deg"][known] + 90) % 180 - 90)
    assert known.sum() > 50 and off.max() < 15 and off.quantile(0.95) < 5 and strength.min() > 0.6
    round_ones = data.images[(data.key["class"] == "coarse dots").to_numpy()]
    assert np.median(spectra.orientation(round_ones)[1]) < 0.1


@pytest.mark.parametrize("tone", [0.0, 0.1, 0.3, -0.7, 1 / 3])
def test_one_colour_has_no_power_at_any_frequency(tone):
    images = np.full((1, 33, 47, 3), tone, np.float32)
    assert not spectra.power(images).any()
    assert np.isnan(spectra.high_frequency(images)).all()


def test_frequency_agrees_with_the_key(data):
    striped = data.key["pattern"].eq("stripes").to_numpy()
    measured = spectra.frequency(data.images[striped])
    off = np.abs(measured - data.key["frequency_cpp"][striped])
    assert off.quantile(0.95) < 0.02 and off.median() < 0.01  # rings are 0.016 wide


def test_hue_agrees_with_the_key(data):
    discs = data.key["hue_deg"].notna().to_numpy()
    measured, purity = spectra.hue(data.images[discs])
    off = np.abs((measured - data.key["hue_deg"][discs] + 180) % 360 - 180)
    assert np.median(off) < 5 and off.max() < 30
    assert spectra.hue(np.zeros((1, 8, 8, 3)))[1] == pytest.approx(0, abs=1e-9) and purity.min() > 0.01


@pytest.mark.parametrize(("period", "share"), [(2.5, 1.0), (16, 0.0)])
def test_high_frequency_is_the_share_above_a_quarter(period, share):
    wave = np.sin(2 * np.pi * np.arange(64) / period)
    images = np.broadcast_to(wave[None, :, None, None], (1, 64, 64, 3))
    assert spectra.high_frequency(images)[0] == pytest.approx(share, abs=0.01)
    assert spectra.mean_frequency(images)[0] == pytest.approx(1 / period, abs=0.02)
    assert spectra.frequency(images)[0] == pytest.approx(1 / period, abs=0.02)


@pytest.mark.parametrize(("period", "octave"), [(96, 0), (48, 1), (24, 2), (12, 3), (6, 4), (3, 5)])
def test_stripes_have_their_energy_in_the_octave_of_their_spacing(period, octave):
    wave = np.sin(2 * np.pi * np.arange(192) / period)
    shares = spectra.bands(np.broadcast_to(wave[None, :, None, None], (1, 192, 192, 3)))
    assert shares.shape == (1, len(spectra.BANDS)) and shares[0, octave] > 0.8  # the window spreads it a little
    assert shares.sum() == pytest.approx(1)


def test_the_finest_octave_is_the_share_of_high_frequencies():
    noise = np.random.default_rng(0).normal(size=(4, 48, 40, 3))
    np.testing.assert_allclose(spectra.bands(noise)[:, -1], spectra.high_frequency(noise))


def test_halves_add_up_to_the_picture_and_each_keeps_the_waves_of_its_side():
    across = np.arange(48)
    coarse, fine = (np.sin(2 * np.pi * across / period) for period in (8, 3))
    images = np.broadcast_to((0.3 + coarse + 0.5 * fine)[None, :, None, None], (2, 48, 48, 3))
    low, high = spectra.halves(images)
    np.testing.assert_allclose(low + high, images)
    np.testing.assert_allclose(low, np.broadcast_to((0.3 + coarse)[None, :, None, None], low.shape), atol=1e-9)


def test_white_noise_has_a_flat_profile():
    noise = np.random.default_rng(0).normal(size=(64, 48, 48, 3))
    _, power = spectra.profile(noise, bins=8)
    mean = power.mean(axis=0)[1:]
    assert mean.max() / mean.min() < 1.2


@pytest.mark.parametrize("size", [24, 32, 64])
@pytest.mark.parametrize("period", [4, 8])
def test_small_pictures_have_a_frequency_too(size, period):
    wave = np.sin(2 * np.pi * np.arange(size) / period)
    images = np.broadcast_to(wave[None, :, None, None], (1, size, size, 3))
    assert spectra.frequency(images)[0] == pytest.approx(1 / period, abs=0.04)
    assert np.isfinite(spectra.profile(images)[1]).all()


def test_a_wave_at_a_quarter_of_a_cycle_belongs_to_the_coarse_half():
    wave = np.cos(2 * np.pi * np.arange(32) / 4)[None, :, None, None] * np.ones((1, 32, 32, 3))
    coarse, fine = spectra.halves(wave)
    np.testing.assert_allclose(coarse, wave, atol=1e-6)
    assert np.abs(fine).max() < 1e-6


def test_the_profile_is_the_mean_of_each_ring_with_its_inner_border_and_the_last_with_both():
    noise = np.random.default_rng(0).normal(size=(1, 8, 8, 3))
    powers, (row, column) = spectra.power(noise)[0], spectra.frequencies(8, 8)
    rings = [[] for _ in range(4)]
    for i, j in np.ndindex(8, 8):
        radius = np.hypot(row[i, j], column[i, j])
        if radius <= 0.5:
            rings[min(int(radius / 0.125), 3)].append(powers[i, j])
    np.testing.assert_allclose(spectra.profile(noise, bins=4)[1][0], [np.mean(ring) for ring in rings])


def test_a_wave_on_the_border_of_two_octaves_belongs_to_the_coarser():
    noise = np.random.default_rng(0).normal(size=(1, 64, 64, 3))
    powers, (row, column) = spectra.power(noise)[0], spectra.frequencies(64, 64)
    shares = np.zeros(len(spectra.BANDS))
    for i, j in np.ndindex(64, 64):
        radius = np.hypot(row[i, j], column[i, j])
        period = 1 / radius if radius else np.inf
        shares[sum(period < longest for longest in (64, 32, 16, 8, 4))] += powers[i, j]
    np.testing.assert_allclose(spectra.bands(noise)[0], shares / shares.sum())


def test_grey_has_no_hue():
    degrees, purity = spectra.hue(np.zeros((1, 8, 8, 3)))
    assert np.isnan(degrees).all() and purity.tolist() == [0]


def test_one_colour_and_a_dead_start_have_no_frequency():
    assert np.isnan(spectra.frequency(np.stack([np.zeros((8, 8, 3)), np.full((8, 8, 3), np.nan)]))).all()
