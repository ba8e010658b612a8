"""GIFs: what is written is read back, frame by frame."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.data import save_gif
from PIL import Image, ImageSequence


@pytest.fixture
def frames():
    return np.stack([np.full((12, 16, 3), value, np.float32) for value in (-1, 0, 1)])


def test_a_gif_has_the_frames_there_and_back(frames, tmp_path):
    path = save_gif(frames, tmp_path / "film.gif", milliseconds=120)
    with Image.open(path) as film:
        read = [np.asarray(page.convert("RGB")) for page in ImageSequence.Iterator(film)]
        assert (film.info["duration"], film.info["loop"]) == (120, 0)
    expected = fv.to_uint8(frames)[[0, 1, 2, 1]]
    assert len(read) == 4
    assert np.abs(np.stack(read).astype(int) - expected).max() <= 2
    with Image.open(save_gif(frames, path, back=False)) as film:
        assert film.n_frames == 3


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [("a.gif", 1, "two frames or more; got 1"), ("a.png", 3, "must be .gif")],
)
def test_what_makes_no_gif_is_refused(frames, tmp_path, name, count, words):
    with pytest.raises(ValueError, match=words):
        save_gif(frames[:count], tmp_path / name)
    with pytest.raises(ValueError, match="milliseconds must be a whole number from 20"):
        save_gif(frames, tmp_path / "a.gif", milliseconds=1)
