"""Notebooks as programs: their parameters, the jobs made of them, their runs, and the pages that a run leaves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["course", "describe", "jobs", "notebook", "pages", "parameters", "paths", "rendering", "yaml_numbers"],
    submod_attrs={
        "course": ["run"],
        "jobs": ["CourseError", "Job", "discover", "find", "prepare_jobs", "read_profile"],
        "parameters": ["Parameter", "ParameterError", "read_parameters"],
    },
)
