"""Two older ways back through a network, which change what a ReLU passes: guided backpropagation and the deconvnet."""

from __future__ import annotations

import numpy as np

from ..ascent.objectives import Neuron
from ..ascent.term import Objective
from ..common.checks import whole_number
from ..models.backbone import Backbone
from .gradients import gradient


def guided_backprop(
    backbone: Backbone, objective: Objective, images: np.ndarray, batch: int | None = None
) -> np.ndarray:
    """Return the guided gradient (Springenberg et al., 2015), of a class or of a unit of any layer.

    A ReLU passes a positive gradient where it was active, and nothing else; a capped one nothing from its cap.

    Args:
        backbone, objective, images, batch: as for `gradient`.

    Returns:
        (N, H, W, 3) float32; `magnitude` makes a map of it.

    Raises:
        ValueError: a network with a nonlinearity other than ReLUs and gates; see also `Probe`.
    """
    return gradient(backbone, objective, images, "guided", batch)


def deconvnet(backbone: Backbone, objective: Objective, images: np.ndarray, batch: int | None = None) -> np.ndarray:
    """Return the deconvnet's picture (Zeiler & Fergus, 2014), of a class or of a unit of any layer.

    A ReLU passes a positive gradient, whatever went forward through it. Arguments, return and errors as for
    `guided_backprop`.
    """
    return gradient(backbone, objective, images, "deconv", batch)


def peak_neuron(backbone: Backbone, layer: str, channel: int, images: np.ndarray) -> Objective:
    """Return the objective "this channel, where it is strongest": for each image the highest place of its map.

    With `deconvnet` or `guided_backprop` it shows what a unit saw in its strongest patch.

    Args:
        backbone: the network.
        layer: layer name with a map, or "auto".
        channel: channel number.
        images: (N, H, W, 3) in [-1, 1].

    Raises:
        ValueError: no such layer or channel, or a layer without a map.
    """
    layer, channel = backbone.resolve(layer), whole_number("channel", channel, 0)
    backbone.check_map(layer)
    backbone.check_channels(layer, [channel])
    maps = backbone.activations(images, layer)[..., channel]
    places = np.stack(np.unravel_index(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[1:]), axis=1)
    shares = (places + 0.5) / maps.shape[1:]  # the middle of a place, as a share of the map
    return Neuron(layer, channel=np.full(len(maps), channel, np.int32), place=shares.astype(np.float32))
