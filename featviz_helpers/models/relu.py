"""What a ReLU passes back: the rules that replace its gradient, by name.

With f the activation, x its input and g the gradient that arrives from above, a rule passes down

    plain       g f'(x)
    redirected  g, also where f is flat: a unit that is off everywhere can be woken
    guided      g f'(x) where g and x are positive (Springenberg et al., 2015); nothing from a unit at its cap, where
                f' is zero
    deconv      g where g is positive, whatever x was (Zeiler & Fergus, 2014); so also from a unit at its cap: the rule
                is a ReLU on the way back and does not look at the way forward

The forward pass is exact under every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import keras
import tensorflow as tf

from ..common.checks import choice

RULES = ("plain", "redirected", "guided", "deconv")


@dataclass(frozen=True)
class Shape:
    """The numbers of a ReLU: its slope below the threshold, its cap, and its threshold (as `keras.layers.ReLU`)."""

    negative_slope: float = 0.0
    max_value: float | None = None
    threshold: float = 0.0


_FUNCTIONS = {
    function: shape
    for home in (keras.activations, keras.ops, tf.nn)
    for function, shape in (
        (home.relu, Shape()), (home.relu6, Shape(max_value=6.0)), (home.leaky_relu, Shape(negative_slope=0.2)),
    )
}  # fmt: skip
_OPERATIONS = {"Relu": Shape(), "Relu6": Shape(max_value=6.0)}  # of keras.ops, which are no layers
# What bends besides: layers without an argument `activation`, and operations. A Lambda may hold anything.
_BENT_LAYERS = (keras.layers.PReLU, keras.layers.ELU, keras.layers.Softmax, keras.layers.Lambda)
_BENT_OPERATIONS = {
    "Celu", "Clip", "Elu", "Gelu", "Glu", "HardShrink", "HardSigmoid", "HardSilu", "HardTanh", "LogSigmoid",
    "LogSoftmax", "Maximum", "Minimum", "Selu", "Sigmoid", "Silu", "SoftShrink", "Softmax", "Softplus", "Softsign",
    "SparsePlus", "SparseSigmoid", "Sparsemax", "Squareplus", "Tanh", "TanhShrink", "Threshold",
}  # fmt: skip
_GATES = {"sigmoid", "hardsigmoid", "softmax"}  # they weigh channels or classes beside the ReLUs


def check_rule(rule: str) -> None:
    """Raise ValueError when there is no such rule; the message has their names."""
    choice("relu, the rule for ReLUs,", rule, RULES)


def shape_of(layer: keras.Operation) -> Shape | None:
    """Return the ReLU in a layer or operation, or None where it has none."""
    if isinstance(layer, keras.layers.ReLU | keras.layers.LeakyReLU):
        return Shape(**{name: getattr(layer, name) for name in asdict(Shape()) if hasattr(layer, name)})
    if not isinstance(layer, keras.Layer):
        if type(layer).__name__ == "LeakyRelu":
            return Shape(negative_slope=layer.negative_slope)
        return _OPERATIONS.get(type(layer).__name__)
    activation = getattr(layer, "activation", None)
    if isinstance(activation, keras.Layer):  # Activation(ReLU(6.0))
        return shape_of(activation)
    return _FUNCTIONS.get(activation) if callable(activation) else None


def nonlinearity(layer: keras.Operation) -> str | None:
    """Return the name of what bends in a layer or operation, other than a ReLU; None where nothing does.

    What somebody else's layer does inside its `call` cannot be seen from here.
    """
    if shape_of(layer):
        return None
    if isinstance(layer, _BENT_LAYERS) or (
        not isinstance(layer, keras.Layer) and type(layer).__name__ in _BENT_OPERATIONS
    ):
        return type(layer).__name__
    activation = getattr(layer, "activation", None)
    if isinstance(activation, keras.Layer):
        return nonlinearity(activation)
    if not callable(activation) or activation is keras.activations.linear:
        return None
    return getattr(activation, "__name__", type(activation).__name__)


def check_relus(layers: Sequence[keras.Operation], rule: str, linear: str | None, network: str) -> None:
    """Raise ValueError when a rule that is defined for ReLUs meets another nonlinearity, which would keep its slope.

    Gates (a sigmoid or softmax beside ReLUs) weigh what passes, and may stand.

    Args:
        layers: what the cut network consists of.
        rule: one of `RULES`.
        linear: the layer whose output is taken before its activation, or None.
        network: the network's name.
    """
    if rule not in ("guided", "deconv"):
        return
    gates = _GATES if any(shape_of(layer) for layer in layers) else set()
    for layer in layers:
        kind = None if layer.name == linear else nonlinearity(layer)
        if kind and kind.replace("_", "").lower() not in gates:
            raise ValueError(
                f"'{rule}' is a rule for ReLUs, and '{layer.name}' of {network} has {kind}, whose plain gradient would "
                "pass: take a layer below it, or the plain gradient."
            )


def ruled(shape: Shape, rule: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a ReLU of this shape whose backward pass follows the rule.

    Args:
        shape: the ReLU's numbers.
        rule: one of `RULES`, other than "plain".

    Returns:
        A function of a tensor of any shape, in any precision; XLA compiles it.
    """

    @tf.custom_gradient
    def activation(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        return keras.activations.relu(x, **asdict(shape)), lambda gradient: _passed(gradient, x, shape, rule)

    return activation


def _passed(gradient: tf.Tensor, x: tf.Tensor, shape: Shape, rule: str) -> tf.Tensor:
    if rule == "redirected":
        return gradient
    if rule == "deconv":
        return tf.nn.relu(gradient)
    if shape.threshold <= 0 and shape.max_value in (None, 6.0):  # one pass in place of four, bit for bit the same
        slope = tf.raw_ops.ReluGrad if shape.max_value is None else tf.raw_ops.Relu6Grad
        return slope(gradients=tf.nn.relu(gradient), features=x)
    active = x > max(shape.threshold, 0.0)
    if shape.max_value is not None:
        active &= x < shape.max_value
    return tf.where(active, tf.nn.relu(gradient), tf.zeros_like(gradient))
