"""What an ascent returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .arguments import Arguments
    from .climb import Climb

CLEAR = 80  # percentile of the summed gradient from which a picture is shown in full


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
        transparency: (N, H, W) in [0, 1], how much the climb asked of each place: |gradient| added up over the steps,
            1 from its 80th percentile up (Fel et al., 2023), the mask that pictures of MACO are shown through; None
            for other parameterizations.
        interrupted: True when Ctrl-C ended the run early.
        config: the call as plain values, for records; the objective by its names, without the place of a neuron or
            the numbers of a direction.
    """

    images: np.ndarray
    activations: np.ndarray
    terms: np.ndarray
    history: dict[str, np.ndarray]
    snapshots: dict[int, np.ndarray]
    labels: list[str]
    dead: np.ndarray
    transparency: np.ndarray | None = None
    interrupted: bool = False
    config: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)


def gather(arguments: Arguments, climbs: list[Climb]) -> Result:
    """Put the batches of a call back together, in the order of the images."""
    index = np.concatenate([climb.index for climb in climbs])
    order = np.argsort(index)

    def together(blocks: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(blocks))[order]

    images, terms = together(climb.images for climb in climbs), together(climb.terms for climb in climbs)
    dead = together(climb.dead & (climb.history.shape[1] >= arguments.settled) for climb in climbs)
    images[dead] = np.nan
    weights = np.stack([term.weight for term in arguments.objective.terms], axis=1)[index[order]]
    history = together(_rows(climbs)).swapaxes(0, 1)
    gradients = [climb.gradients for climb in climbs if climb.gradients is not None]
    moments = sorted(set.intersection(*(set(climb.snapshots) for climb in climbs)))
    return Result(
        images=images,
        activations=(terms * weights).sum(axis=1),
        terms=terms,
        history={name: history[:, :, column] for column, name in enumerate(_columns(arguments))},
        snapshots={moment: together(climb.snapshots[moment] for climb in climbs) for moment in moments},
        labels=[arguments.names[image] for image in index[order]],
        dead=dead,
        transparency=_masks(together(gradients)) if gradients else None,
        interrupted=any(climb.interrupted for climb in climbs),
        config=arguments.describe(),
    )


def _masks(gradients: np.ndarray) -> np.ndarray:
    """Scale sums of |gradient| (N, H, W) to [0, 1], the upper `CLEAR` % clipped as the authors of MACO do."""
    ceiling = np.percentile(gradients, CLEAR, axis=(1, 2), keepdims=True)
    return np.clip(gradients / np.maximum(ceiling, 1e-12), 0.0, 1.0)


def _rows(climbs: list[Climb]) -> list[np.ndarray]:
    """Return the history of each batch, all of one length."""
    lengths = [climb.history.shape[1] for climb in climbs]
    steps = min(lengths) if any(climb.interrupted for climb in climbs) else max(lengths)
    # Images with fewer octaves than others have no history at the end.
    pads = [[(0, 0), (0, max(0, steps - length)), (0, 0)] for length in lengths]
    return [
        np.pad(climb.history[:, :steps], pad, constant_values=np.nan) for climb, pad in zip(climbs, pads, strict=True)
    ]


def _columns(arguments: Arguments) -> list[str]:
    """Name the columns of the history; the second penalty of one kind is numbered."""
    names = [penalty.name for penalty in arguments.penalties]
    earlier = [names[:position].count(name) for position, name in enumerate(names)]
    return [
        "objective",
        "gradient_norm",
        *(f"{name} {count + 1}" if count else name for name, count in zip(names, earlier, strict=True)),
    ]
