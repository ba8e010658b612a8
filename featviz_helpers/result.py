"""What an ascent returns."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Result:
    """Pictures, and the record of how they came about.

    Attributes:
        images: (N, H, W, 3) float32 in [-1, 1]; NaN for a dead start that was asked to be marked.
        activations: (N,) value of the objective on the final images, without transforms or penalties.
        terms: (N, T) the same for each term of the objective, unweighted.
        history: name -> (steps, N): "objective" (as the network saw it, transformed), "gradient_norm", and each
            penalty times its weight; row t belongs to the image before step t.
        snapshots: number of steps taken -> images at that moment.
        labels: one name per image.
        dead: (N,) bool, True where the start gave no gradient.
        interrupted: True when Ctrl-C ended the run early.
        config: everything needed to repeat the call, as plain values.
    """

    images: np.ndarray
    activations: np.ndarray
    terms: np.ndarray
    history: dict[str, np.ndarray]
    snapshots: dict[int, np.ndarray]
    labels: list[str]
    dead: np.ndarray
    interrupted: bool = False
    config: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)
