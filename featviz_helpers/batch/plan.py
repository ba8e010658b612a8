"""A plan of many runs: a YAML file that is checked in full against its notebook before anything starts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..batch import plan_grid as cells
from ..common.errors import nearest
from ..runner import jobs as selection
from ..runner.parameters import ParameterError
from .plan_file import Document
from .plan_schema import Range, Resources, Written

MANY = 1_000_000  # cells that nobody starts by accident


class Plan:
    """A plan that was read and checked.

    An axis of the grid is a list, or a `Range`. When its parameter takes a list and its entries are not lists, each run
    gets a list of one of them, or, folded, of several. Blocks (a list of grids) are added up; inside a block everything
    is multiplied; `zip` holds groups of axes that go together.

    Args:
        path: the YAML file. Paths in it are relative to the working directory, as on a command line.
        many: allow more than a million cells.

    Attributes:
        document: the file.
        written: what it says.
        job: its notebook.

    Raises:
        PlanError: something is wrong; the message names the line.
    """

    def __init__(self, path: Path, many: bool = False) -> None:
        self.document, self._many = Document(path), many
        try:
            self.written = Written.model_validate(self.document.values)
        except ValidationError as error:
            first = error.errors()[0]
            where = [step for step in first["loc"] if step != "dict[str,any]"]
            if first["type"] == "extra_forbidden":
                known = Written.model_fields if len(where) == 1 else Resources.model_fields
                raise self.document.error(where, f"{where[-1]}: {nearest(str(where[-1]), known)}") from None
            raise self.document.error(where, f"{'.'.join(map(str, where))}: {first['msg'].lower()}") from None
        self.job = self._notebook()
        self.fixed = self._fixed()
        self._blocks = self._checked_blocks()
        self._rules = self._checked_rules()
        self._check_fold()
        self.size = cells.count(self._blocks)
        if not self.size:
            raise self.document.error(["grid"], "the grid is empty; every axis needs at least one value")
        self._refuse_many(self.size, ["grid"])
        self.runs = self._runs()

    def _refuse_many(self, count: int, where: list[str | int]) -> None:
        if count > MANY and not self._many:
            what = f"the grid has {count:,} cells or more, and nobody starts a million by accident; add --yes"
            raise self.document.error(where, what)

    def _notebook(self) -> selection.Job:
        try:
            return selection.read(Path(self.written.notebook).resolve())
        except selection.CourseError as error:
            raise self.document.error(["notebook"], str(error)) from None

    def _parameter(self, name: str, where: list[str | int]) -> Any:
        known = self.job.parameters
        if name not in known:
            what = f"{self.job.path.name} has no parameter {name}: {nearest(name, known)}"
            raise self.document.error(where, what)
        return known[name]

    def _fixed(self) -> dict[str, Any]:
        found = {}
        for name, value in self.written.parameters.items():
            where = ["parameters", name]
            try:
                found[name] = self._parameter(name, where).check(value)
            except ParameterError as error:
                raise self.document.error(where, str(error)) from None
        return found

    def _listed(self, name: str, values: Any, where: list[str | int]) -> list[Any]:
        """Return the checked values of an axis."""
        self._parameter(name, where)
        if isinstance(values, dict) and {"from", "to"} & values.keys():
            try:
                written = Range.model_validate(values)
            except ValidationError as error:
                raise self.document.error(where, f"{name}: {error.errors()[0]['msg'].lower()}") from None
            self._refuse_many(written.size, where)
            values = written.values()
        if not isinstance(values, list):
            raise self.document.error(where, f"{name} needs a list of values, or a range {{from: , to: , step: }}")
        if not values:
            raise self.document.error(where, f"{name} is empty; every axis needs at least one value")
        self._refuse_many(len(values), where)
        found = self._checked(name, values, where)
        names = [json.dumps(value) for value in found]
        if len(set(names)) < len(names):
            index = next(i for i, text in enumerate(names) if text in names[:i])
            raise self.document.error([*where, index], f"{name} has {values[index]!r} twice")
        return found

    def _checked(self, name: str, values: list[Any], where: list[str | int]) -> list[Any]:
        """Return the values as the notebook will get them; single ones of a list parameter as lists of one."""
        parameter = self.job.parameters[name]
        wraps = isinstance(parameter.default, list) and not any(isinstance(value, list) for value in values)
        found = []
        try:
            if wraps:
                return [[value] for value in parameter.check(values)]  # at once: an axis may be very long
            for value in values:
                found.append(parameter.check(value))
        except ParameterError as error:
            wrong = next((i for i, v in enumerate(values) if wraps and not self._fits(name, [v])), len(found))
            raise self.document.error([*where, wrong], str(error)) from None
        return found

    def _fits(self, name: str, value: Any) -> bool:
        try:
            self.job.parameters[name].check(value)
        except ParameterError:
            return False
        return True

    def _checked_blocks(self) -> list[dict[str, Any]]:
        several = isinstance(self.written.grid, list)
        blocks = self.written.grid if several else [self.written.grid]
        found = []
        for number, block in enumerate(blocks):
            where = ["grid", number] if several else ["grid"]
            groups = block.get("zip", [])
            groups = [groups] if isinstance(groups, dict) else groups
            if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
                what = "zip needs axes that go together: {NAME: [...], OTHER: [...]}, or a list of such groups"
                raise self.document.error([*where, "zip"], what)
            names = [name for name in block if name != "zip"] + [name for group in groups for name in group]
            for name in names:
                if name in self.fixed:
                    raise self.document.error([*where, name], f"{name} is already set under parameters")
                if names.count(name) > 1:
                    raise self.document.error([*where, "zip"], f"{name} is in the grid twice")
            checked = {name: self._listed(name, v, [*where, name]) for name, v in block.items() if name != "zip"}
            checked["zip"] = [{n: self._listed(n, v, [*where, "zip"]) for n, v in group.items()} for group in groups]
            for group in checked["zip"]:
                if len({len(values) for values in group.values()}) > 1:
                    lengths = ", ".join(f"{name} {len(values)}" for name, values in group.items())
                    raise self.document.error([*where, "zip"], f"lists that go together need one length: {lengths}")
            found.append(checked)
        return found

    def _checked_rules(self) -> list[dict[str, list[Any]]]:
        axes = {name for block in self._blocks for group in (block, *block["zip"]) for name in group} - {"zip"}
        found = []
        for number, rule in enumerate(self.written.exclude):
            where = ["exclude", number]
            for name in rule:
                if name not in axes:
                    raise self.document.error([*where, name], f"{name} is no axis of the grid: {nearest(name, axes)}")
            found.append({n: self._listed(n, v if isinstance(v, list) else [v], [*where, n]) for n, v in rule.items()})
        return found

    def _check_fold(self) -> None:
        for number, name in enumerate(self.written.fold):
            parameter = self._parameter(name, ["fold", number])
            if not isinstance(parameter.default, list):
                what = f"{name} takes {parameter.kind}, not a list, so its values cannot share a run"
                raise self.document.error(["fold", number], what)
            if not all(any(name in group for group in (block, *block["zip"])) for block in self._blocks):
                what = f"{name} is no axis of every block of the grid, so there is nothing to fold"
                raise self.document.error(["fold", number], what)

    def cells(self) -> Iterator[Mapping[str, Any]]:
        """Yield every cell that is not excluded."""
        used = [False] * len(self._rules)
        for cell in cells.expand(self._blocks):
            hits = [cells.excluded(cell, rule) for rule in self._rules]
            used = [old or hit for old, hit in zip(used, hits, strict=True)]
            if not any(hits):
                yield cell
        if not all(used):
            raise self.document.error(["exclude", used.index(False)], "excludes nothing; compare it with the grid")

    def _runs(self) -> list[dict[str, Any]]:
        """Return every parameter of every run."""
        defaults = {name: parameter.default for name, parameter in self.job.parameters.items()} | self.fixed
        runs = [self._located(defaults | cell) for cell in cells.fold(self.cells(), self.written.fold)]
        if not runs:
            raise self.document.error(["exclude"], "everything is excluded")
        if "auto" in {run.get("MODEL") for run in runs}:
            raise self.document.error(
                ["parameters", "MODEL"],
                "MODEL: auto is another network on another machine; write shapesnet, inception_v3 or a path",
            )
        return runs

    def _located(self, run: dict[str, Any]) -> dict[str, Any]:
        """Make paths absolute, because a notebook runs in a folder of its own; refuse those that lead nowhere."""
        return {
            name: [self._path(name, one) for one in value] if isinstance(value, list) else self._path(name, value)
            for name, value in run.items()
        }

    def _path(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or "://" in value or not ("/" in value or _is_file_name(value)):
            return value
        try:
            path = Path(value).expanduser().resolve()
            there = path.exists()
        except (RuntimeError, ValueError):  # ~nobody, or a NUL in it
            there = False
        if not there:
            where = ["parameters", name] if name in self.fixed else ["grid"]
            raise self.document.error(where, f"{name}: there is no file or folder {value!r}")
        return str(path)


def _is_file_name(value: str) -> bool:
    """Say whether a word such as weights.h5 names a file that is here."""
    return bool(Path(value).suffix) and Path(value).is_file()
