"""A plan of many runs: a YAML file that is checked in full against its notebook before anything starts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..common.checks import file_name
from ..common.errors import nearest, validation_sentence
from ..runner import jobs
from ..runner.parameters import Parameter, ParameterError
from ..runner.paths import locate
from .plan_file import YamlFile
from .plan_grid import Block, Combination, count, expand, fold, is_excluded
from .plan_schema import PlanFields, Range, Resources

MANY = 1_000_000  # combinations that nobody starts by accident
Where = list[str | int]  # a place in the file, such as ["grid", 0, "SEEDS"]


class SweepPlan:
    """A plan of a sweep that was read and checked.

    An axis of the grid is a list, or a `Range`. When its parameter takes a list and its entries are not lists, each run
    gets a list of one of them, or, folded, of several. Blocks (a list of grids) are added up; inside a block everything
    is multiplied; `zip` holds groups of axes that go together.

    Args:
        path: the YAML file. Paths in it are relative to the working directory, as on a command line.
        many: allow more than a million combinations.

    Attributes:
        file: the file.
        fields: what it says.
        job: its notebook.
        fixed: name -> value of the parameters that all runs share.
        size: how many combinations the grid has.
        runs: every parameter of every run.

    Raises:
        PlanError: something is wrong; the message names the line.
    """

    def __init__(self, path: Path, many: bool = False) -> None:
        self.file, self._many = YamlFile(path), many
        self.fields = self._read_fields()
        self.job = self._read_notebook()
        self.fixed = {name: self._fixed_value(name, value) for name, value in self.fields.parameters.items()}
        self._blocks = self._read_blocks()
        self._rules = self._read_rules()
        self._check_fold()
        self.size = count(self._blocks)
        if not self.size:
            raise self.file.error(["grid"], "the grid is empty; every axis needs at least one value")
        self._refuse_many(self.size, ["grid"])
        self.runs = self._expand_runs()

    def _read_fields(self) -> PlanFields:
        try:
            return PlanFields.model_validate(self.file.values)
        except ValidationError as error:
            first, sentence = error.errors()[0], validation_sentence(error)
        where = [step for step in first["loc"] if step != "dict[str,any]"]
        if first["type"] == "extra_forbidden":
            known = PlanFields.model_fields if len(where) == 1 else Resources.model_fields
            raise self.file.error(where, f"{where[-1]}: {nearest(str(where[-1]), known)}")
        raise self.file.error(where, sentence)

    def _read_notebook(self) -> jobs.Job:
        try:
            return jobs.read(file_name("the notebook", self.fields.notebook).resolve())
        except ValueError as error:
            raise self.file.error(["notebook"], str(error)) from None

    def _refuse_many(self, number: int, where: Where) -> None:
        if number > MANY and not self._many:
            what = f"the grid has {number:,} combinations or more; nobody starts a million by accident, so add --yes"
            raise self.file.error(where, what)

    def _parameter(self, name: str, where: Where) -> Parameter:
        known = self.job.parameters
        if name not in known:
            what = f"{self.job.path.name} has no parameter {name}: {nearest(name, known)}"
            raise self.file.error(where, what)
        return known[name]

    def _fixed_value(self, name: str, value: Any) -> Any:
        where: Where = ["parameters", name]
        parameter = self._parameter(name, where)
        try:
            return locate(parameter, parameter.check(value))
        except ParameterError as error:
            raise self.file.error(where, f"{error}{self._scan(value) if name == 'EXEMPLARS' else ''}") from None

    def _scan(self, folder: Any) -> str:
        """Return the command that makes the exemplars of this plan, for a message."""
        given = {name: self.fields.parameters.get(name, p.default) for name, p in self.job.parameters.items()}
        options = {"MODEL": "--model", "WEIGHTS": "--weights", "DATA": "--data", "COUNT": "--count", "K": "--k"}
        words = ["featviz", "exemplars", given.get("LAYER", "auto")]
        for name, option in options.items():
            if given.get(name):
                words += [option, given[name]]
        return f"; this makes it: {shlex.join(map(str, [*words, '--out', folder]))}"

    def _axis(self, name: str, values: Any, where: Where) -> list[Any]:
        """Return the checked values of an axis."""
        parameter = self._parameter(name, where)
        if isinstance(values, dict) and {"from", "to"} & values.keys():
            values = self._range(name, values, where)
        if not isinstance(values, list):
            raise self.file.error(where, f"{name} needs a list of values, or a range {{from: , to: , step: }}")
        if not values:
            raise self.file.error(where, f"{name} is empty; every axis needs at least one value")
        self._refuse_many(len(values), where)
        checked = self._axis_values(parameter, values, where)
        texts = [json.dumps(value) for value in checked]
        if len(set(texts)) < len(texts):
            index = next(i for i, text in enumerate(texts) if text in texts[:i])
            raise self.file.error([*where, index], f"{name} has {values[index]!r} twice")
        return checked

    def _range(self, name: str, values: dict[str, Any], where: Where) -> list[Any]:
        try:
            numbers = Range.model_validate(values)
        except ValidationError as error:
            raise self.file.error(where, f"{name}: {validation_sentence(error)}") from None
        self._refuse_many(numbers.size, where)
        return numbers.values()

    def _axis_values(self, parameter: Parameter, values: list[Any], where: Where) -> list[Any]:
        """Return the values as the notebook will get them; single ones of a list parameter as lists of one."""
        wraps = isinstance(parameter.default, list) and not any(isinstance(value, list) for value in values)
        if wraps:
            try:  # all at once: an axis may be very long
                return [[locate(parameter, value)] for value in parameter.check(values)]
            except ParameterError:
                pass  # which of them is found below, one by one
        checked = []
        for index, value in enumerate(values):
            try:
                checked.append(locate(parameter, parameter.check([value] if wraps else value)))
            except ParameterError as error:
                raise self.file.error([*where, index], str(error)) from None
        return checked

    def _read_blocks(self) -> list[Block]:
        grid = self.fields.grid
        if isinstance(grid, dict):
            return [self._read_block(grid, ["grid"])]
        return [self._read_block(block, ["grid", number]) for number, block in enumerate(grid)]

    def _read_block(self, block: dict[str, Any], where: Where) -> Block:
        groups = block.get("zip", [])
        groups = [groups] if isinstance(groups, dict) else groups
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            what = "zip needs axes that go together: {NAME: [...], OTHER: [...]}, or a list of such groups"
            raise self.file.error([*where, "zip"], what)
        names = [name for name in block if name != "zip"] + [name for group in groups for name in group]
        for name in names:
            if name in self.fixed:
                raise self.file.error([*where, name], f"{name} is already set under parameters")
            if names.count(name) > 1:
                raise self.file.error([*where, "zip"], f"{name} is in the grid twice")
        values = {name: self._axis(name, axis, [*where, name]) for name, axis in block.items() if name != "zip"}
        place = [*where, "zip"]
        zipped = [{name: self._axis(name, axis, place) for name, axis in group.items()} for group in groups]
        for group in zipped:
            if len({len(axis) for axis in group.values()}) > 1:
                lengths = ", ".join(f"{name} {len(axis)}" for name, axis in group.items())
                raise self.file.error(place, f"lists that go together need one length: {lengths}")
        return Block(values, zipped)

    def _read_rules(self) -> list[dict[str, list[Any]]]:
        axes = set().union(*(block.names for block in self._blocks))
        rules = []
        for number, rule in enumerate(self.fields.exclude):
            where: Where = ["exclude", number]
            for name in rule:
                if name not in axes:
                    raise self.file.error([*where, name], f"{name} is no axis of the grid: {nearest(name, axes)}")
            lists = {name: value if isinstance(value, list) else [value] for name, value in rule.items()}
            rules.append({name: self._axis(name, values, [*where, name]) for name, values in lists.items()})
        return rules

    def _check_fold(self) -> None:
        for number, name in enumerate(self.fields.fold):
            parameter = self._parameter(name, ["fold", number])
            if not isinstance(parameter.default, list):
                what = f"{name} takes {parameter.kind}, not a list, so its values cannot share a run"
                raise self.file.error(["fold", number], what)
            if not all(name in block.names for block in self._blocks):
                what = f"{name} is no axis of every block of the grid, so there is nothing to fold"
                raise self.file.error(["fold", number], what)

    def _combinations(self) -> Iterator[Combination]:
        """Yield every combination that is not excluded."""
        used = [False] * len(self._rules)
        for combination in expand(self._blocks):
            hits = [is_excluded(combination, rule) for rule in self._rules]
            used = [old or hit for old, hit in zip(used, hits, strict=True)]
            if not any(hits):
                yield combination
        if not all(used):
            raise self.file.error(["exclude", used.index(False)], "excludes nothing; compare it with the grid")

    def _expand_runs(self) -> list[dict[str, Any]]:
        """Return every parameter of every run."""
        shared = self._defaults() | self.fixed
        runs = [shared | combination for combination in fold(self._combinations(), self.fields.fold)]
        if not runs:
            raise self.file.error(["exclude"], "everything is excluded")
        models = [run.get("MODEL") for run in runs]
        if any(model == "auto" or (isinstance(model, list) and "auto" in model) for model in models):
            raise self.file.error(
                ["parameters", "MODEL"],
                "MODEL: auto is another network on another machine; write shapesnet, lite0, inception_v3 or a path",
            )
        return runs

    def _defaults(self) -> dict[str, Any]:
        """Return the notebook's own values of the parameters that the plan leaves alone."""
        set_by_grid = set.intersection(*(block.names for block in self._blocks))
        names = self.job.parameters.keys() - self.fixed.keys() - set_by_grid
        try:
            return {
                name: locate(parameter, parameter.default)
                for name, parameter in self.job.parameters.items()
                if name in names
            }
        except ParameterError as error:
            raise self.file.error(["grid"], f"{error}, which is the notebook's own value") from None
