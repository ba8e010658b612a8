"""What a plan may hold: its fields, their types and limits."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..common.checks import file_name

STRICT = ConfigDict(extra="forbid", strict=True)  # or true would be the number 1


class Range(BaseModel):
    """Evenly spaced numbers, both ends included.

    {from: 0, to: 10, step: 2}, or {from: 1e-4, to: 1, count: 5, log: true}.

    Attributes:
        start, stop: the ends, `from` and `to` in the file.
        step: distance between two; or else
        count: how many.
        log: equal ratios instead of equal distances; with count.
    """

    model_config = STRICT

    start: float = Field(alias="from", allow_inf_nan=False)
    stop: float = Field(alias="to", allow_inf_nan=False)
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Range:
        if (self.step is None) == (self.count is None):
            raise ValueError("needs step or count, and not both")
        if self.log and (self.count is None or self.start <= 0 or self.stop <= 0):
            raise ValueError("with log needs count, and both ends above 0")
        if self.count == 1 and self.start != self.stop:
            raise ValueError(f"has two ends, {self.start:g} and {self.stop:g}, so its count is 2 or more; got 1")
        if self.step is not None and self.stop < self.start:
            raise ValueError(f"runs from {self.start:g} down to {self.stop:g}; swap the two")
        return self

    @property
    def size(self) -> int:
        """How many numbers it has; of a range that nobody can mean, a very large number."""
        return self.count or int(min((self.stop - self.start) / self.step, 1e15) + 1e-9) + 1

    def values(self) -> list[float | int]:
        """Return the numbers; whole ones as int."""
        if self.step is not None:
            numbers = self.start + self.step * np.arange(self.size)
        else:
            numbers = (np.geomspace if self.log else np.linspace)(self.start, self.stop, self.count)
        # Twelve digits: 0.30000000000000004 and 0.3 would be two different runs. Of a whole number all of them count.
        rounded = [value if value.is_integer() else float(f"{value:.12g}") for value in numbers.tolist()]
        return [int(value) if value.is_integer() else value for value in rounded]


class Resources(BaseModel):
    """What one run needs.

    Attributes:
        cores: processor cores; TensorFlow's threads are pinned to as many.
        gpu: give each worker a GPU of its own where there are several.
        cell_minutes: a cell that takes longer fails its run; none by default.
    """

    model_config = STRICT

    cores: Annotated[int, Field(ge=1, le=1024)] = 1
    gpu: bool = False
    cell_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class PlanFields(BaseModel):
    """A plan as it is written. See `SweepPlan` for what it means."""

    model_config = STRICT

    notebook: str
    parameters: dict[str, Any] = {}
    grid: dict[str, Any] | list[dict[str, Any]]
    exclude: list[dict[str, Any]] = []
    fold: list[str] = []
    resources: Resources = Resources()
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    output: str | None = None

    @field_validator("output")
    @classmethod
    def _can_be_a_name(cls, output: str | None) -> str | None:
        if output and "://" not in output:
            file_name("it", output)
        return output
