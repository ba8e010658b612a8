"""Which notebooks run, and with what: settled in full before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
import yaml

from ..common.checks import shown
from ..common.errors import nearest
from ..common.memory import NOTEBOOK, free_memory
from ..common.provenance import cpu_count, gpus
from . import pages
from .parameters import Parameter, ParameterError, read_parameters
from .paths import locate
from .yaml_numbers import read_yaml

CHECKOUT = Path(__file__).resolve().parent.parent.parent
EMPTY: Mapping[Any, Any] = MappingProxyType({})
# What nbformat and its parts trip over in a file that is no notebook.
UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError)


class CourseError(ValueError):
    """A run that cannot start; the message says what to change."""


@dataclass
class Job:
    """One notebook of a run, as it was read before anything started.

    Attributes:
        path, text: the file and its contents.
        heading: its title and its question.
        cells: how many code cells it has.
        parameters: name -> parameter.
        changed: the values that are not the notebook's own.
    """

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
    """Return the notebooks of the course (NN_name.ipynb) in their order.

    Args:
        folder: where they are; default: notebooks/ here, or else in the checkout that this package is part of.
    """
    here = Path("notebooks")
    return sorted((folder or (here if here.is_dir() else CHECKOUT / here)).glob("[0-9][0-9]_*.ipynb"))


def find(name: str) -> Path:
    """Return the notebook that a path, a file name with or without .ipynb, or a number (`02`, `2`) stands for.

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
    raise CourseError(f"there is no notebook {shown(name)}: {nearest(name, [p.name for p in known])}")


def prepare_jobs(
    paths: Sequence[Path], given: Mapping[str, str] = EMPTY, profile: Mapping[Any, Any] = EMPTY
) -> list[Job]:
    """Read the notebooks and check every parameter, so that nothing starts which cannot be right.

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
    pages_of = [job.path.stem.casefold() for job in jobs]
    if len(set(pages_of)) < len(jobs):
        raise CourseError("two notebooks have one name and would overwrite each other's pages; run them one by one")
    if "index" in pages_of:
        raise CourseError("a notebook called index would overwrite the page of contents, index.html; rename it")
    shared, own = _split(profile, jobs)
    names = {name for job in jobs for name in job.parameters}
    for name in given.keys() - names:
        raise CourseError(f"no selected notebook has a parameter {name!r}: {nearest(name, names)}")
    for job in jobs:
        job_profile = own.get(job.path, {})
        for name in job_profile.keys() - job.parameters:
            raise CourseError(f"{job.path.name} has no parameter {name}: {nearest(name, job.parameters)}")
        try:
            job.changed = _changed(job.parameters, given, {**shared, **job_profile})
        except ParameterError as error:
            raise CourseError(f"{job.path.name}: {error}") from None
    return jobs


def processes() -> int:
    """Return how many notebooks can run at once: one where there is a card, or else one a core that memory allows.

    Two notebooks on one core each are done sooner than one after the other on two cores.
    """
    return 1 if gpus() else max(1, min(cpu_count(), free_memory() // NOTEBOOK))


def _changed(
    parameters: Mapping[str, Parameter], given: Mapping[str, str], profile: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the checked values of a notebook's parameters that the command line or the profile sets."""
    changed = {}
    for name, parameter in parameters.items():
        if name in given:
            changed[name] = locate(parameter, parameter.parse(given[name]))
        elif name in profile:
            changed[name] = locate(parameter, parameter.check(profile[name]))
    return changed


def read_profile(path: Path) -> dict[Any, Any]:
    """Read a profile: parameters in YAML, as `prepare_jobs` takes them.

    Raises:
        CourseError: the file cannot be read, sets a name twice, or holds something else.
    """
    try:
        profile = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CourseError(f"cannot read the profile {path}: {' '.join(str(error).split())}") from None
    if not isinstance(profile, dict | None):
        raise CourseError(f"the profile {path} must hold lines of NAME: value, but holds {type(profile).__name__}")
    return profile or {}


def _stands_for(name: str, path: Path) -> bool:
    # By its text, because Python reads no number of thousands of digits.
    return name in (path.name, path.stem) or (name.isdecimal() and path.stem.startswith(f"{name.lstrip('0'):0>2}_"))


def read(path: Path) -> Job:
    """Read a notebook and its parameters.

    Raises:
        CourseError: it cannot be read, or its parameters cell is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        parameters = read_parameters(notebook)
    except ParameterError as error:
        raise CourseError(f"{path.name}: {error}") from None
    except RecursionError:
        raise CourseError(f"cannot read the notebook {path}: it is nested too deep") from None
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CourseError(f"cannot read the notebook {path}: {reason}") from None
    cells = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
    return Job(path, text, pages.heading(notebook), cells, parameters)


def _split(profile: Mapping[Any, Any], jobs: Sequence[Job]) -> tuple[dict[str, Any], dict[Path, dict[str, Any]]]:
    """Take a profile apart: what is for all, and what is for one notebook. It may name notebooks not selected."""
    known = {job.path: job for job in jobs}
    course = dict.fromkeys([*known, *(path for job in jobs for path in discover(job.path.parent))])
    shared, own = {}, {}
    for key, value in profile.items():
        notebooks = [path for path in course if _stands_for(str(key), path)]
        if notebooks and not isinstance(value, dict):
            raise CourseError(f"profile: {key} is a notebook and takes lines of NAME: value, not {value!r}")
        for path in own.keys() & set(notebooks):
            raise CourseError(f"profile: {key} and another key both stand for {path.name}; write its parameters once")
        own |= dict.fromkeys(notebooks, value)
        if not notebooks:
            shared[key] = value
    names = {name for job in jobs for name in job.parameters}
    if shared.keys() - names:
        names |= {name for path in course.keys() - known for name in read(path).parameters}
    for key in shared.keys() - names:
        raise CourseError(f"profile: no notebook has a parameter {key}: {nearest(str(key), names)}")
    return shared, own
