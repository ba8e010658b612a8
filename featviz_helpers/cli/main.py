"""The command line: `featviz run` and its siblings. Imports no TensorFlow, so that help and errors come at once."""

from __future__ import annotations

import click

from . import assets, batch, course, distance, exemplars, study


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="featviz-helpers")
def main() -> None:
    """Feature visualisation as a reproducible course."""


for command in (
    course.run, assets.fetch, assets.doctor, distance.distance, exemplars.exemplars, study.study, batch.sweep,
    batch.results,
):  # fmt: skip
    main.add_command(command)
