"""Put what the answers of a finished study rest on into the package, where `fv.study.read("NETWORK")` finds it."""

import shutil
from pathlib import Path

import click
from featviz_helpers import study
from featviz_helpers.study.finished import BUNDLED, RECORD


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=BUNDLED, help="Instead of the package.")
def main(folder: Path, out: Path) -> None:
    whole = study.read(folder)
    target = out / whole.record["exemplars"]["backbone"]
    target.mkdir(parents=True, exist_ok=True)
    study.essence(whole.tables).save(target)
    shutil.copyfile(folder / RECORD, target / RECORD)
    click.echo(f"{target}: {whole}, {sum(path.stat().st_size for path in target.iterdir()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
