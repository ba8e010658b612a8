"""The command line: `featviz run` and its siblings. Imports no TensorFlow, so that help and errors come at once."""

from __future__ import annotations

import click

from . import assets, atlas, batch, classroom, course, distance, exemplars, study, version

EXAMPLES = """\b
Examples:
  featviz doctor                           is everything here?
  featviz run 00                           one notebook, as a page
  featviz run --describe 02                what it takes
  featviz run 02 -p STEPS 48 -p SEED 1     with other values
  featviz run                              the whole course
  featviz fetch --list                     more weights and photographs
  featviz exemplars auto --model lite0 --data photographs --out build/exemplars/lite0
  featviz atlas --model shapesnet --data shapes --out build/atlas
  featviz class check dreams
  featviz sweep notebooks/batch/plans/bundled.yaml --dry-run

\b
Each command has a help of its own: featviz run -h
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.version_option(package_name="featviz-helpers")
def main() -> None:
    """Feature visualisation as a reproducible course."""


for command in (
    course.run, assets.fetch, assets.doctor, distance.distance, exemplars.exemplars, atlas.atlas, study.study,
    classroom.classroom, batch.sweep, batch.results, version.version,
):  # fmt: skip
    main.add_command(command)
