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
    keras.activations.relu: Shape(),
    keras.activations.relu6: Shape(max_value=6.0),
    keras.activations.leaky_relu: Shape(negative_slope=0.2),
}
_OPERATIONS = {"Relu": Shape(), "Relu6": Shape(max_value=6.0)}  # of keras.ops, which are no layers


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


def check_relus(layers: Sequence[keras.Operation], rule: str, name: str, network: str) -> None:
    """Raise ValueError when a rule that is defined for ReLUs meets layers with other activations only.

    Args:
        layers: what the cut network consists of.
        rule: one of `RULES`.
        name: the layer at which it ends.
        network: the network's name.
    """
    if rule not in ("guided", "deconv") or any(shape_of(layer) for layer in layers):
        return
    kinds = {getattr(getattr(layer, "activation", None), "__name__", "linear") for layer in layers}
    if others := sorted(kinds - {"linear", "softmax", "sigmoid"}):
        raise ValueError(f"'{rule}' is a rule for ReLUs, and '{name}' of {network} has {', '.join(others)} only.")


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
    active = x > max(shape.threshold, 0.0)
    if shape.max_value is not None:
        active &= x < shape.max_value
    return tf.where(active, tf.nn.relu(gradient), tf.zeros_like(gradient))
