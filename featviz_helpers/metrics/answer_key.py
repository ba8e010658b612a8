"""Does a channel's picture carry what the channel is known to respond to? The answer key of Shapes says so.

On Shapes every image says which way its lines run, how fine they are, which hue it has and what it shows. A channel's
responses to such images give its own key (its preferred orientation, frequency, hue and class, each with how strongly
it prefers them), and a picture of the channel can be graded against that, without any network as a judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier

from ..data import shapes
from ..models.backbone import Backbone
from . import spectra

PROPERTIES = ("orientation", "frequency", "hue", "class")
# A channel has a preference worth a grade above these: the length of the mean response vector for the two circular
# properties, and (high - low) / (high + low) of the mean responses for the others.
SELECTIVITY = {"orientation": 0.15, "frequency": 0.15, "hue": 0.15, "class": 0.5}
# Where hues (one turn) and orientations (times two) are drawn, in degrees, and how much each counts: to sum to nothing.
CENTRES = {1: {0: 1.0, 60: 1.0, 120: 1.0, 240: 2.0}, 2: {0: 1.0, 90: 1.0, 180: 1.0, 270: 1.0}}
BINS = (8, 6)  # orientations and frequencies of a picture's descriptor


def answer_key(backbone: Backbone, layer: str = "auto", count: int = 3200, seed: int = 1) -> pd.DataFrame:
    """Measure what every channel of a layer prefers on Shapes.

    Args:
        backbone: a network for images of 64 pixels; ShapesNet.
        layer: layer name, or "auto".
        count: images drawn, 32 up.
        seed: of the draw.

    Returns:
        One row per channel. For each property a column with what is preferred (orientation_deg, frequency_cpp,
        hue_deg, class_name; NaN or None where the channel has no clear preference) and one with its strength, 0 to 1
        (orientation_strength, ...).
    """
    drawn = shapes.draw(count, seed)
    answers = backbone.activations(drawn.images, layer)
    responses = answers.mean(axis=tuple(range(1, answers.ndim - 1)))  # class scores have no map
    responses = np.maximum(responses - responses.min(axis=0), 0.0) + 1e-9
    key, table = drawn.key, {"channel": np.arange(responses.shape[1])}
    for name, turns in (("orientation", 2), ("hue", 1)):
        degrees, size = _circular(responses, key[f"{name}_deg"].to_numpy(float), turns)
        table |= {f"{name}_deg": degrees, f"{name}_strength": size}
    table |= dict(
        zip(("frequency_cpp", "frequency_strength"), _frequency_band(responses, key["frequency_cpp"]), strict=True)
    )
    means = pd.DataFrame(responses).groupby(key["class"]).mean()
    best, rest = means.max(), (means.sum() - means.max()) / (len(means) - 1)
    table |= {"class_name": means.idxmax().to_numpy(), "class_strength": ((best - rest) / (best + rest)).to_numpy()}
    preferences = pd.DataFrame(table)
    for name, unit in zip(PROPERTIES, ("deg", "cpp", "deg", "name"), strict=True):
        weak = preferences[f"{name}_strength"] < SELECTIVITY[name]
        preferences.loc[weak, f"{name}_{unit}"] = None if unit == "name" else np.nan
    return preferences


def _circular(responses: np.ndarray, degrees: np.ndarray, turns: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean direction of the responses, in degrees, and how long the mean vector is."""
    defined = np.isfinite(degrees)
    angles, responses = np.radians(degrees[defined]) * turns, responses[defined]
    # Directions are drawn around a few centres, unevenly. Weights that make the centres' vectors cancel leave a channel
    # that answers to all of them alike without a direction.
    centres = np.radians(list(CENTRES[turns]))
    near = np.abs(np.exp(1j * angles)[:, None] - np.exp(1j * centres)).argmin(axis=1)
    share = np.array(list(CENTRES[turns].values())) / np.maximum(np.bincount(near, minlength=len(centres)), 1)
    weight = share[near]
    vector = (weight[:, None] * responses * np.exp(1j * angles)[:, None]).sum(axis=0)
    vector /= (weight[:, None] * responses).sum(axis=0)
    return np.degrees(np.angle(vector)) / turns % (360 / turns), np.abs(vector)


def _frequency_band(responses: np.ndarray, frequency: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The preferred of the two bands of frequencies, by its middle, and the contrast between them."""
    fine = (frequency >= shapes.FINE[0]).to_numpy()
    coarse = (frequency <= shapes.COARSE[1]).to_numpy()
    high, low = responses[fine].mean(axis=0), responses[coarse].mean(axis=0)
    return np.where(high > low, np.mean(shapes.FINE), np.mean(shapes.COARSE)), np.abs(high - low) / (high + low)


def class_selectivity(responses: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how well each unit tells its best class from all others: the area under the ROC curve (AUC).

    It counts the order of the images and nothing else. So units of other size, with other zeros or with values below
    zero can be compared, such as channels behind a ReLU with sums of them.

    Args:
        responses: (N, units), one row per image.
        labels: (N,) class numbers.

    Returns:
        (units,): the highest over the classes of the share of pairs, an image of the class and another one, in which
        the unit answers more to the first; a tie counts half. 1 is a perfect detector; chance is a little above 0.5,
        since the best of many classes is taken.

    Raises:
        ValueError: another number of labels than of images, or one class only.
    """
    responses, labels = np.asarray(responses, float), np.asarray(labels)
    if responses.ndim != 2 or labels.shape != responses.shape[:1]:
        raise ValueError(f"One label per image: {responses.shape} responses need as many labels; got {labels.shape}.")
    member = (labels[:, None] == np.unique(labels)).astype(float)
    inside = member.sum(axis=0)[:, None]
    outside = len(labels) - inside
    if member.shape[1] < 2:
        raise ValueError("Selectivity needs two classes or more, to tell one from the others; got 1.")
    return ((member.T @ rankdata(responses, axis=0) - inside * (inside + 1) / 2) / (inside * outside)).max(axis=0)


def describe(images: np.ndarray) -> np.ndarray:
    """Return what can be measured on pictures without a network.

    Args:
        images: (N, H, W, 3) in [-1, 1].

    Returns:
        (N, D): the share of the energy in each of 8 orientations x 6 frequencies, the shares of 8 hues among the
        coloured pixels, saturation, and the darkest, middle and lightest tones.
    """
    power = spectra.power(images)
    height, width = images.shape[1:3]
    row, column = spectra.frequencies(height, width)
    angle = np.degrees(np.arctan2(-row, column)) % 180
    octave = np.clip(np.log2(64 * np.maximum(np.hypot(row, column), 1 / 64)), 0, BINS[1] - 1)
    cell = np.round(angle / (180 / BINS[0])) % BINS[0] * BINS[1] + np.floor(octave)
    shares = np.stack([np.bincount(cell.astype(int).ravel(), p.ravel(), minlength=BINS[0] * BINS[1]) for p in power])
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    low, high = images.min(axis=3), images.max(axis=3)
    red, green, blue = np.moveaxis(images, 3, 0)
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    sector = (np.round(hue / (np.pi / 4)) % 8).astype(int)
    colour = np.stack([np.bincount(s.ravel(), (h - d).ravel(), 8) for s, h, d in zip(sector, high, low, strict=True)])
    saturation = colour.sum(axis=1, keepdims=True) / (height * width)
    colour /= np.maximum(colour.sum(axis=1, keepdims=True), 1e-12)
    tones = np.percentile(images.mean(axis=3), (5, 50, 95), axis=(1, 2)).T
    return np.concatenate([np.sqrt(shares), colour, saturation, tones], axis=1)


class Grader:
    """Grades pictures of a layer's channels against the answer key.

    The class that a picture shows is named by a random forest (Breiman, 2001) on `describe`, which has never seen a
    network; its accuracy on held-out images is part of the record.

    Args:
        backbone: ShapesNet.
        layer: layer name, or "auto".
        count: images drawn for the key and for the forest.
        seed: of the draws.
    """

    def __init__(self, backbone: Backbone, layer: str = "auto", count: int = 3200, seed: int = 1) -> None:
        self.key = answer_key(backbone, layer, count, seed)
        drawn = shapes.draw(count, seed + 1)
        self.forest = RandomForestClassifier(200, random_state=0, n_jobs=-1)
        self.forest.fit(describe(drawn.images), drawn.key["class"])
        self._held_out = shapes.draw(960, seed + 2)

    @cached_property
    def accuracy(self) -> float:
        """Share of 960 held-out images whose class the forest names correctly."""
        return float((self.forest.predict(describe(self._held_out.images)) == self._held_out.key["class"]).mean())

    def grade(self, images: np.ndarray, channels: Sequence[int]) -> pd.DataFrame:
        """Grade pictures, 0 (the opposite) to 1 (just what the channel prefers).

        Args:
            images: (N, H, W, 3) in [-1, 1]; NaN for a dead start.
            channels: whose pictures they are.

        Returns:
            (N) rows: orientation, frequency, hue, class (NaN where the channel has no preference, or the picture no
            orientation or hue), and grade, their mean.
        """
        alive = np.isfinite(images).all(axis=(1, 2, 3))
        key = self.key.iloc[list(channels)].reset_index(drop=True)
        grades = pd.DataFrame(np.nan, index=range(len(images)), columns=PROPERTIES)
        if not alive.any():
            return grades.assign(grade=np.nan)
        images, key = images[alive], key[alive]
        angle, _ = spectra.orientation(images)
        grades.loc[alive, "orientation"] = (1 + np.cos(np.radians(2 * (angle - key["orientation_deg"])))) / 2
        octaves = np.abs(np.log2(spectra.frequency(images) / key["frequency_cpp"].to_numpy(float)))
        grades.loc[alive, "frequency"] = np.maximum(0.0, 1.0 - octaves)
        hue, _ = spectra.hue(images)
        grades.loc[alive, "hue"] = ((1 + np.cos(np.radians(hue - key["hue_deg"]))) / 2).to_numpy()
        votes = pd.DataFrame(self.forest.predict_proba(describe(images)), columns=self.forest.classes_)
        shares = [row.get(name, np.nan) for (_, row), name in zip(votes.iterrows(), key["class_name"], strict=True)]
        grades.loc[alive, "class"] = shares
        return grades.assign(grade=grades.mean(axis=1))
