"""Judge answers about a network: its channels and what they respond to."""

from ..data import shapes
from ..models.backbone import Backbone
from .answers import judge, say


@judge
def channel_count(answer: int | None, backbone: Backbone, layer: str) -> bool:
    """Judge how many channels a layer has."""
    count = backbone.layers[backbone.resolve(layer)]
    return say(
        answer == count, f"{layer} has {count} channels.", f"{answer} is not it. Try backbone.layers['{layer}']."
    )


@judge
def favourite_class(answer: str | None, backbone: Backbone, layer: str, channel: int, data: shapes.Shapes) -> bool:
    """Judge to which class of Shapes a channel responds most strongly on average."""
    if answer not in shapes.CLASSES:
        return say(False, "", f"'{answer}' is not a class of Shapes; they are in fv.shapes.CLASSES.")
    means = backbone.activations(data.images, layer)[..., channel].mean(axis=(1, 2))
    by_class = {name: means[data.key["class"] == name].mean() for name in set(data.key["class"])}
    order = sorted(by_class, key=by_class.get, reverse=True)
    return say(
        answer == order[0],
        f"'{order[0]}' is its favourite.",
        f"'{answer}' is number {order.index(answer) + 1} of {len(order)}. Average the channel over each class.",
    )
