"""What a remedy gives and what it takes: its pictures beside those that were made without it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..ascent.result import Result
from ..ascent.score import robustness, score
from ..ascent.term import Objective
from ..ascent.transforms import Jitter
from ..metrics.spectra import contrast, halves, high_frequency
from ..models.backbone import Backbone

SHIFT = 8  # pixels: the most that a picture is moved to measure its robustness
LEAST = 0.5  # of the activation that every channel has to keep, and most of the grain that may be left
GRAIN, FINE, LOWEST = "share of high frequencies", "fine energy kept", "lowest kept"


def account(
    backbone: Backbone, objective: Objective, pictures: Mapping[str, Result | np.ndarray], seed: int = 0
) -> pd.DataFrame:
    """Measure batches of pictures of the same units, one row for each batch.

    Args:
        backbone: the network.
        objective: what the pictures were made for, one unit per picture of a batch.
        pictures: name -> result or images (N, H, W, 3) in [-1, 1], NaN for a dead start. The first is the base: what
            the others keep of the activation is a share of what its pictures reach.
        seed: of the shifts.

    Returns:
        One row per name, all means over the units that are not dead: "contrast" (see `contrast`), "share of high
        frequencies" (see `high_frequency`), "fine energy kept" (the energy of the fine half, see `halves`, as a share
        of the base's: the share of high frequencies falls also where only the coarse half grows), "robustness" (the
        share of the activation that shifts of at most 8 pixels leave), "activation kept", and "lowest kept", that of
        the unit that keeps least.

    Raises:
        ValueError: see `score`; no pictures; a batch of another length than the first.
    """
    batches = {name: one.images if isinstance(one, Result) else one for name, one in pictures.items()}
    if not batches:
        raise ValueError(
            "`pictures` is empty; give at least one batch, as in account(backbone, units, {'base': base})."
        )
    base, first = next(iter(batches.items()))
    for name, images in batches.items():
        if len(images) != len(first):
            raise ValueError(
                f"'{name}' has {len(images)} pictures and '{base}' has {len(first)}; "
                "give one per unit in every batch, in the same order."
            )
    answers = {name: score(backbone, objective, images) for name, images in batches.items()}
    earned = np.where(answers[base] > 0, answers[base], np.nan)
    grain = _fine(batches[base])
    rows = {}
    for name, images in batches.items():
        measures = {
            "contrast": contrast(images),
            GRAIN: high_frequency(images),
            FINE: _fine(images) / np.where(grain > 0, grain, np.nan),
            "robustness": robustness(backbone, objective, images, Jitter(SHIFT), seed=seed),
            "activation kept": answers[name] / earned,
        }
        kept = measures["activation kept"][np.isfinite(measures["activation kept"])]
        rows[name] = {column: _mean(values) for column, values in measures.items()}
        rows[name][LOWEST] = kept.min() if len(kept) else np.nan
    return pd.DataFrame(rows).T


def worth_using(table: pd.DataFrame) -> list[str]:
    """Apply the rule of the course: every channel keeps half of its activation, and half of the grain is gone.

    Args:
        table: from `account`, which leaves dead pictures out; its first row is the base.

    Returns:
        The names of the rows that keep it.
    """
    grain = table[GRAIN] <= LEAST * table[GRAIN].iloc[0]
    return table.index[grain & (table[LOWEST] >= LEAST)].tolist()


def _fine(images: np.ndarray) -> np.ndarray:
    """Return the energy of the brightness of each picture's fine half; NaN for a dead start."""
    fine = halves(np.nan_to_num(images))[1].mean(axis=-1).var(axis=(1, 2))
    return np.where(np.isfinite(images).all(axis=(1, 2, 3)), fine, np.nan)


def _mean(values: np.ndarray) -> float:
    alive = values[np.isfinite(values)]
    return float(alive.mean()) if len(alive) else np.nan
