"""Measure again what assignments are graded by, and say what has changed: the key of every channel that is given away.

`python tools/assignments.py` compares with featviz_helpers/classroom/keys.json and exits 1 if a number is more than 5 %
off; `--write` replaces the file, as after a change of ShapesNet. About a minute on 2 CPU cores.
"""

from __future__ import annotations

import json

import click
from featviz_helpers.classroom import keys
from featviz_helpers.common.files import write_text

OFF = 0.05  # of a number: what another machine's rounding may do to an ascent


def changes(measured: dict[str, dict]) -> list[str]:
    """Return one line for each channel that came, went or has another key.

    Args:
        measured: as from `keys.compute`.
    """
    kept = json.loads(keys.FILE.read_text(encoding="utf-8"))
    lines = [f"channel {channel}: new" for channel in measured.keys() - kept.keys()]
    lines += [f"channel {channel}: not fit any more" for channel in kept.keys() - measured.keys()]
    for channel in kept.keys() & measured.keys():
        for name in ("floor", "drawing", "reference", "roughness"):
            old, new = kept[channel][name], measured[channel][name]
            if abs(new - old) > OFF * abs(old):
                lines.append(f"channel {channel}: {name} was {old:g} and is {new:g}")
    return sorted(lines)


@click.command(help=__doc__)
@click.option("--write", is_flag=True, help="Replace the file.")
def main(write: bool) -> None:
    measured = keys.compute()
    lines = changes(measured)
    click.echo("\n".join(lines) or f"{len(measured)} channels, nothing has changed.")
    if write:
        write_text(keys.FILE, json.dumps(measured, indent=1) + "\n")
    raise SystemExit(bool(lines) and not write)


if __name__ == "__main__":
    main()
