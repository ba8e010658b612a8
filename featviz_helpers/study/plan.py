"""What a study compares, checked before anything starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..common.errors import nearest
from .methods import METHODS

Values = Annotated[list[float], Field(min_length=1)]


class StudyPlan(BaseModel):
    """What a study compares.

    Attributes:
        layer: layer name, or "auto".
        channels: those of the table, each with its own row for every value and seed.
        background: number of background channels, other ones drawn evenly from the layer's branches. Specificity is
            measured against them, and the trial (values chosen on one half, reported on the other) is run on them.
        methods: name -> values; all of `METHODS` by default.
        seeds: one ascent per seed.
        trial_seeds: seeds of the trial.
        trial_values: how many values of each method the trial gets, those that scored best on `channels`; all by
            default. "none" keeps all, so that pictures of equal activation can be found among them.
        steps: of an ascent, over all octaves together.
        size: side in pixels, of the pictures and of the images that they are compared with.
        k: data set images per channel.
        precision: of the network while it is climbed, see `maximize`; distances are always measured in float32.
    """

    model_config = ConfigDict(extra="forbid")

    layer: str = "auto"
    channels: Annotated[list[int], Field(min_length=1)]
    background: Annotated[int, Field(ge=2)] = 32
    methods: dict[str, Values] = {name: list(method.values) for name, method in METHODS.items()}
    seeds: Annotated[list[int], Field(min_length=1)] = [0, 1, 2]
    trial_seeds: Annotated[list[int], Field(min_length=1)] = [0]
    trial_values: Annotated[int, Field(ge=1)] | None = None
    steps: Annotated[int, Field(ge=1)] = 64
    size: Annotated[int, Field(ge=32)] = 224
    k: Annotated[int, Field(ge=2)] = 9
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"

    @field_validator("channels", "seeds", "trial_seeds")
    @classmethod
    def _distinct(cls, numbers: list[int]) -> list[int]:
        for position, number in enumerate(numbers):
            if number in numbers[:position]:
                raise ValueError(f"{number} is given twice")
        return numbers

    @field_validator("methods")
    @classmethod
    def _known(cls, methods: dict) -> dict:
        unknown = [name for name in methods if name not in METHODS]
        if unknown:
            raise ValueError(f"there is no method '{unknown[0]}': {nearest(unknown[0], METHODS)}")
        if "none" not in methods:
            raise ValueError("the method 'none' is what the others are compared with; add it")
        return methods
