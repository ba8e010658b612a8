"""Which notebooks run, and with what: settled in full before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
import yaml
from featviz_helpers.common.errors import nearest
from featviz_helpers.runner import pages as gallery
from featviz_helpers.runner.parameters import Parameter, ParameterError, read_parameters

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOTHING: Mapping[Any, Any] = MappingProxyType({})


class CourseError(ValueError):
    """A run that cannot start; the message says what to change."""


@dataclass
class Job:
    """One notebook of a run, as it was read before anything started."""

    path: Path
    text: str
    heading: tuple[str, str]
    cells: int
    parameters: dict[str, Parameter]
    changed: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter that the notebook will run with."""
        return {name: self.changed.get(name, p.default) for name, p in self.parameters.items()}


def discover(folder: Path | None = None) -> list[Path]:
    """The notebooks of the course (NN_name.ipynb) in their order.

    Args:
        folder: where they are; default: notebooks/ here, or else in the checkout that this package is part
        of.
    """
    here = Path("notebooks")
    return sorted((folder or (here if here.is_dir() else CHECKOUT / here)).glob("[0-9][0-9]_*.ipynb"))


def find(name: str) -> Path:
    """The notebook that a path, a file name with or without .ipynb, or a number (`02`, `2`) stands for.

    Raises:
        CourseError: there is none, or the number stands for several.
    """
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name)
    known = discover()
    matches = [path for path in known if _stands_for(name, path)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise CourseError(f"{name} stands for {' and '.join(p.name for p in matches)}; write one of the names")
    raise CourseError(f"there is no notebook {name!r}: {nearest(name, [p.name for p in known])}")


def plan(paths: Sequence[Path], given: Mapping[str, str] = NOTHING, profile: Mapping[Any, Any] = NOTHING) -> list[Job]:
    """Read the notebooks and settle every parameter, so that nothing starts which cannot be right.

    Args:
        paths: the notebooks to run.
        given: NAME -> text, as on the command line, for each notebook that has it; wins over the profile.
        profile: NAME -> value for each notebook that has it; and a notebook's number, stem or file name ->
            its own NAME -> value, which wins over the former.

    Raises:
        CourseError: a notebook, a name or a value is wrong.
    """
    jobs = [read(path) for path in dict.fromkeys(path.resolve() for path in paths)]
    if not jobs:
        raise CourseError("found no notebooks: expected notebooks/NN_name.ipynb here; or name the files to run")
    if len({job.path.stem for job in jobs}) < len(jobs):
        raise CourseError("two notebooks have one name and would overwrite each other's pages; run them one by one")
    shared, own = _split(profile, jobs)
    names = {name for job in jobs for name in job.parameters}
    for name in given.keys() - names:
        raise CourseError(f"no selected notebook has a parameter {name}: {nearest(name, names)}")
    for job in jobs:
        mine = own.get(job.path, {})
        for name in mine.keys() - job.parameters:
            raise CourseError(f"{job.path.name} has no parameter {name}: {nearest(name, job.parameters)}")
        try:
            for name, parameter in job.parameters.items():
                if name in given:
                    job.changed[name] = parameter.parse(given[name])
                elif name in mine or name in shared:
                    job.changed[name] = parameter.check(mine.get(name, shared.get(name)))
        except ParameterError as error:
            raise CourseError(f"{job.path.name}: {error}") from None
    return jobs


def read_profile(path: Path) -> dict[Any, Any]:
    """A profile: parameters in YAML, as `plan` takes them.

    Raises:
        CourseError: the file cannot be read, or holds something else.
    """
    try:
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CourseError(f"cannot read the profile {path}: {' '.join(str(error).split())}") from None
    if not isinstance(profile, dict | None):
        raise CourseError(f"the profile {path} must hold lines of NAME: value, but holds {type(profile).__name__}")
    return profile or {}


def _stands_for(name: str, path: Path) -> bool:
    return name in (path.name, path.stem) or (name.isdecimal() and path.stem.startswith(f"{int(name):02}_"))


def read(path: Path) -> Job:
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        parameters = read_parameters(notebook)
    except (
        OSError,
        UnicodeError,
        nbformat.reader.NotJSONError,
        nbformat.ValidationError,
        AttributeError,
    ) as error:
        raise CourseError(f"cannot read the notebook {path}: {' '.join(str(error).split())[:200]}") from None
    except ParameterError as error:
        raise CourseError(f"{path.name}: {error}") from None
    cells = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
    return Job(path, text, gallery.heading(notebook), cells, parameters)


def _split(profile: Mapping[Any, Any], jobs: Sequence[Job]) -> tuple[dict[str, Any], dict[Path, dict[str, Any]]]:
    """A profile taken apart: what is for all, and what is for one notebook. It may name notebooks not
    selected."""
    known = {job.path: job for job in jobs}
    course = dict.fromkeys([*known, *(path for job in jobs for path in discover(job.path.parent))])
    shared, own = {}, {}
    for key, value in profile.items():
        notebooks = [path for path in course if _stands_for(str(key), path)]
        if notebooks and not isinstance(value, dict):
            raise CourseError(f"profile: {key} is a notebook and takes lines of NAME: value, not {value!r}")
        own |= dict.fromkeys(notebooks, value)
        if not notebooks:
            shared[key] = value
    names = {name for job in jobs for name in job.parameters}
    if shared.keys() - names:
        names |= {name for path in course.keys() - known for name in read(path).parameters}
    for key in shared.keys() - names:
        raise CourseError(f"profile: no notebook has a parameter {key}: {nearest(str(key), names)}")
    return shared, own
