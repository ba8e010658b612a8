"""Of which kind each argument of `maximize` is, and what to write instead of something else."""

from __future__ import annotations

from ..common.checks import instance, is_list, refusal
from ..models.backbone import Backbone
from .octaves import Octaves
from .optimizers import GradientAscent
from .parameterizations import Parameterization
from .penalties import Penalty
from .projections import Projection
from .term import Objective
from .transform_base import Transform

ONE = {
    "backbone": (Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns"),
    "objective": (Objective, "such as fv.channel('block5b_add', 3) or fv.class_score(985)"),
    "parameterization": (Parameterization, "such as fv.Pixels() or fv.Fourier()"),
    "optimizer": (GradientAscent, "such as fv.Adam(0.02)"),
}
SEVERAL = {
    "penalties": (Penalty, "such as fv.TotalVariation(1e-3)"),
    "projections": (Projection, "such as fv.GaussianBlur(0.5, every=4)"),
    "transforms": (Transform, "such as fv.Jitter(8) or fv.standard()"),
}


def one(name: str, value: object) -> None:
    """Refuse an argument that is not of its kind.

    Raises:
        ValueError: it is something else; the message says what to write.
    """
    instance(name, value, *ONE[name])


def octaves(value: object) -> None:
    """Refuse what is neither octaves nor None."""
    instance("octaves", value, Octaves | None, "None or such as fv.Octaves(3, 1.4)")


def several(name: str, value: object) -> list:
    """Return a list of penalties, projections or transforms: of one, of several, or empty for None.

    Raises:
        ValueError: one of them is something else; the message says what to write.
    """
    kind, example = SEVERAL[name]
    if value is None or isinstance(value, kind):
        return [] if value is None else [value]
    if not is_list(value):
        raise refusal(name, f"one or a list of them, {example}", value)
    return [instance(f"{name}, each of them,", item, kind, example) for item in value]
