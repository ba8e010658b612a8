"""A Keras model as a graph of calls: who reads whom, counted inside this model alone.

A layer remembers every call it ever took part in. A saved Sequential, or a layer that two models share, remembers calls
of other graphs, so what a layer reads and how often it is called is asked of the model's own nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras

Operation = keras.Operation


def functional(model: keras.Model) -> keras.Model:
    """Return a model as one flat functional graph of the same layers and weights.

    Args:
        model: functional or sequential, with networks inside it or without. The layers of an inner network become
            layers of the whole.

    Raises:
        ValueError: a model that is no graph of layers (a subclass with its own `call`), one without an input shape, or
            inner networks with layers of the same name.
    """
    if not isinstance(model, keras.Sequential) and hasattr(model, "_nodes_by_depth") and not _nested(model):
        return model
    try:
        flat = keras.Model(model.inputs[0], model.outputs[0] if len(model.outputs) == 1 else model.outputs)
        while _nested(flat):
            flat = keras.models.clone_model(flat, clone_function=lambda layer: layer, call_function=_inline)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"'{getattr(model, 'name', model)}' is not a graph of layers: a backbone needs a functional or a "
            f"Sequential Keras model with a known input shape ({str(error).splitlines()[0]})."
        ) from error
    flat.name = model.name
    return flat


def check_input(model: keras.Model, prepared: bool) -> None:
    """Raise ValueError for a network whose input, or whose order of axes, is not that of images (N, H, W, 3).

    Args:
        model: the network.
        prepared: whether something brings images in [-1, 1] to what it expects.
    """
    if len(model.inputs) != 1 or len(shape := model.inputs[0].shape) != 4 or shape[-1] != 3:
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
        raise ValueError(f"A backbone needs one image input of shape (N, H, W, 3); got {shapes}.")
    first = [layer.name for layer in model.layers if getattr(layer, "data_format", "") == "channels_first"]
    if first:
        raise ValueError(
            f"'{first[0]}' of {model.name} has its channels first (data_format='channels_first'): its columns "
            "would be taken for channels. Build the network with data_format='channels_last'."
        )
    kind = model.inputs[0].dtype
    if "float" not in kind and not prepared:
        raise ValueError(
            f"The input of {model.name} is {kind}, and images in [-1, 1] would be cut down to whole numbers. Build it "
            "with keras.Input(..., dtype='float32'), and give preprocess=lambda images: 127.5 * (images + 1)."
        )


def _nested(model: keras.Model) -> bool:
    return any(isinstance(operation, keras.Model) for operation in model.operations)


def _inline(layer: Operation, *inputs, **options):
    return layer.call(*inputs, **options) if isinstance(layer, keras.Model) else layer(*inputs, **options)


def nodes(model: keras.Model) -> Iterator:
    """Yield the calls of a functional model from its input up, without those that make the inputs."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from (node for node in model._nodes_by_depth[depth] if not node.is_input)


def calls(model: keras.Model) -> dict[str, list]:
    """Return the calls of each layer or operation inside this model, in the order of the network."""
    by_name: dict[str, list] = {}
    for node in nodes(model):
        by_name.setdefault(node.operation.name, []).append(node)
    return by_name


def sources(node) -> list[Operation]:
    """Return the layers and operations whose outputs a call reads."""
    return [tensor._keras_history.operation for tensor in node.input_tensors]


def readers(model: keras.Model) -> dict[str, list[Operation]]:
    """Return what reads the output of each layer or operation, once for every call."""
    by_name: dict[str, list[Operation]] = {}
    for node in nodes(model):
        for source in sources(node):
            by_name.setdefault(source.name, []).append(node.operation)
    return by_name


def outputs(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """Return the output of every layer that has exactly one in this model: (N, H, W, C) or (N, C)."""
    once = {name: several[0] for name, several in calls(model).items() if len(several) == 1}
    return {
        name: node.outputs[0]
        for name, node in once.items()
        if len(node.outputs) == 1 and len(node.outputs[0].shape) in (2, 4) and node.outputs[0].shape[-1]
    }


def score_layer(model: keras.Model) -> str | None:
    """Return the layer that holds a classifier's scores before any softmax; None for a headless network.

    Class scores are an output of the network, or one step of softmax, flattening or dropout below it: a Dense layer,
    or a convolution on a map of one unit. A Dense further down is a gate or an embedding. Where a network has several
    such outputs, none of them is "the" class scores.
    """
    layers = {_scores_below(model, tensor) for tensor in model.outputs}
    return layers.pop() if len(layers) == 1 else None


def _scores_below(model: keras.Model, tensor: keras.KerasTensor) -> str | None:
    called, flat = calls(model), None
    while True:
        operation = tensor._keras_history.operation
        if isinstance(operation, _HARMLESS) and _soft(operation) and len(called[operation.name]) == 1:
            flat = operation.name if isinstance(operation, _FLAT) else flat
            (tensor,) = called[operation.name][0].input_tensors
            continue
        if not _soft(operation):
            return None
        if isinstance(operation, keras.layers.Dense):
            return operation.name
        one_unit = isinstance(operation, keras.layers.Conv2D) and tuple(tensor.shape[1:3]) == (1, 1)
        return flat if one_unit else None


_LAYERS = keras.layers
_FLAT = (_LAYERS.Flatten, _LAYERS.Reshape)
_HARMLESS = (*_FLAT, _LAYERS.Activation, _LAYERS.Softmax, _LAYERS.Dropout, _LAYERS.Identity)


def _soft(operation: Operation) -> bool:
    """Whether an operation leaves scores as they are or turns them into probabilities."""
    activations = keras.activations
    allowed = (activations.linear, activations.softmax, activations.sigmoid)
    return getattr(operation, "activation", activations.linear) in allowed
