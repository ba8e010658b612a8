"""What an ascent returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .arguments import Plan


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


def gather(plan: Plan, pieces: list[dict]) -> Result:
    """Put the batches of a call back together, in the order of the images."""
    index = np.concatenate([piece["index"] for piece in pieces])
    order = np.argsort(index)

    def together(blocks: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(blocks))[order]

    for piece in pieces:
        count = len(piece["index"])
        empty = np.zeros((0, count, 3 + len(plan.penalties)), np.float32)
        piece["history"] = np.concatenate([empty, *piece["history"]]).swapaxes(0, 1)
        if piece["terms"] is None:
            piece["terms"] = np.full((count, len(plan.objective.terms)), np.nan, np.float32)
    interrupted = any(piece["interrupted"] for piece in pieces)
    lengths = [piece["history"].shape[1] for piece in pieces]
    steps = min(lengths) if interrupted else max(lengths)
    # Images with fewer octaves than others have no history at the end.
    pads = [[(0, 0), (0, max(0, steps - length)), (0, 0)] for length in lengths]
    rows = [np.pad(p["history"][:, :steps], pad, constant_values=np.nan) for p, pad in zip(pieces, pads, strict=True)]
    history = together(rows).swapaxes(0, 1)
    images, terms = (together(piece[name] for piece in pieces) for name in ("images", "terms"))
    index = np.sort(index)
    weights = np.stack([term.weight for term in plan.objective.terms], axis=1)[index]
    dead = together(piece["dead"] & (piece["history"].shape[1] >= plan.settled) for piece in pieces)
    images[dead] = np.nan
    moments = sorted(set.intersection(*(set(piece["snapshots"]) for piece in pieces)))
    names = [penalty.name for penalty in plan.penalties]
    again = [names[:place].count(name) for place, name in enumerate(names)]
    names = [f"{name} {count + 1}" if count else name for name, count in zip(names, again, strict=True)]
    columns = ["objective", "gradient_norm", *names]
    return Result(
        images=images,
        activations=(terms * weights).sum(axis=1),
        terms=terms,
        history={name: history[:, :, column] for column, name in enumerate(columns)},
        snapshots={moment: together(piece["snapshots"][moment] for piece in pieces) for moment in moments},
        labels=[plan.names[image] for image in index],
        dead=dead,
        interrupted=interrupted,
        config=plan.describe(),
    )
