"""What a study compares, checked before anything starts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..common.checks import MOST_STEPS
from ..common.errors import nearest, validation_sentence
from ..data.sizes import LARGEST
from .methods import METHODS

MOST_NUMBERS = 10_000  # channels or seeds of one study
Values = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]
Numbers = Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(min_length=1, max_length=MOST_NUMBERS)]


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

    model_config = ConfigDict(extra="forbid", strict=True)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ValueError(f"The plan of a study: {validation_sentence(error)}.") from None

    layer: str = "auto"
    channels: Numbers
    background: Annotated[int, Field(ge=2, le=100_000)] = 32
    methods: dict[str, Values] = {name: list(method.values) for name, method in METHODS.items()}
    seeds: Numbers = [0, 1, 2]
    trial_seeds: Numbers = [0]
    trial_values: Annotated[int, Field(ge=1, le=1000)] | None = None
    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 64
    size: Annotated[int, Field(ge=32, le=LARGEST)] = 224
    k: Annotated[int, Field(ge=2, le=1_000_000)] = 9
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
