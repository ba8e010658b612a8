"""A crowd of channels: the background against which one channel's picture is specific, or is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..exemplars.tables import Exemplars
from ..models.backbone import Backbone


def branches(backbone: Backbone, layer: str) -> list[range]:
    """Return the channel numbers of each branch that a concatenation joins; one range for any other layer."""
    inputs = backbone.model.get_layer(backbone.resolve(layer)).input
    widths = [tensor.shape[-1] for tensor in inputs] if isinstance(inputs, list) else [backbone.layers[layer]]
    ends = np.cumsum(widths)
    return [range(end - width, end) for width, end in zip(widths, ends, strict=True)]


def draw_crowd(
    backbone: Backbone, exemplars: Exemplars, layer: str, count: int, avoid: Sequence[int] = (), seed: int = 0
) -> list[int]:
    """Draw channels that are alive on the data set, as evenly as possible from the branches of a layer.

    Raises:
        ValueError: the layer has too few of them.
    """
    table = exemplars.table
    first = table[(table["layer"] == layer) & (table["pooling"] == "max") & (table["rank"] == 1)]
    alive = set(first.loc[first["activation"] > 0, "channel"]) - set(avoid)
    generator = np.random.default_rng(seed)
    queues = [
        [n for n in generator.permutation(list(branch)).tolist() if n in alive] for branch in branches(backbone, layer)
    ]
    if sum(map(len, queues)) < count:
        raise ValueError(
            f"A crowd of {count} needs as many other living channels; '{layer}' has {sum(map(len, queues))}."
        )
    turns = [queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue)]
    return sorted(turns[:count])
