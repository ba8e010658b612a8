"""Make a release: version, changelog, stamps, a wheel and an sdist that were tried, one commit and one tag.

Everything happens in a clone, and comes into this checkout only when the wheel has run notebook 00 in an
environment of its own: a release is there whole or not at all. What is left to do by hand is to push:
`git push --follow-tags`, and to attach the wheel in dist/ to the release, from where Colab installs it.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import click
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
UNRELEASED = "## [Unreleased]"


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command.

    Raises:
        ClickException: it failed; the message has its last lines.
    """
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise click.ClickException(f"{' '.join(str(part) for part in command)} failed:\n{tail}")
    return done.stdout.strip()


def check(root: Path, version: str) -> None:
    """Raises BadParameter or ClickException if `version` cannot be released from this checkout."""
    current = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    try:
        later = str(Version(version)) == version and Version(version) > Version(current)
    except InvalidVersion:
        later = False
    if not later:
        raise click.BadParameter(f"must be a version later than {current}, such as 0.2.0 or 1.0.0rc1, not {version!r}")
    if changed := run("git", "status", "--porcelain", cwd=root):
        raise click.ClickException(f"the work tree is not clean; commit first, or remove:\n{changed}")
    if run("git", "tag", "--list", f"v{version}", cwd=root):
        raise click.ClickException(f"the tag v{version} is there already")


def write_version(root: Path, version: str, date: datetime.date) -> None:
    """Write a version into pyproject.toml, and close the changelog's "Unreleased" under it.

    Raises:
        ClickException: the changelog has nothing to release.
    """
    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    text = project.read_text(encoding="utf-8")
    project.write_text(
        re.sub(r'^version = ".*"$', f'version = "{version}"', text, count=1, flags=re.M), encoding="utf-8"
    )
    text = changelog.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"{UNRELEASED}\n")
    if not found or not re.match(r"\s*(### \w+\s+)?- ", rest):
        raise click.ClickException(f"CHANGELOG.md has nothing under `{UNRELEASED}`: say what is new")
    heading = f"{UNRELEASED}\n\n## [{version}] - {date.isoformat()}\n"
    changelog.write_text(text.replace(f"{UNRELEASED}\n", heading, 1), encoding="utf-8")


def build(root: Path, dist: Path) -> Path:
    """Build sdist and wheel into `dist`; returns the wheel's path."""
    run(
        Path(sys.executable).with_name("uv"),
        "build",
        "--quiet",
        "--python",
        sys.executable,
        "--out-dir",
        dist,
        cwd=root,
    )
    (wheel,) = dist.glob("*.whl")
    return wheel


def try_out(wheel: Path, root: Path, folder: Path) -> None:
    """Install a wheel with its dependencies into a new environment in `folder`, and run notebook 00 there."""
    uv, environment = Path(sys.executable).with_name("uv"), folder / "environment"
    run(uv, "venv", "--quiet", "--python", sys.executable, environment, cwd=folder)
    run(uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python", wheel, cwd=folder)
    (notebook,) = (root / "notebooks").glob("00_*.ipynb")
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / notebook.name).write_bytes(notebook.read_bytes())
    run(environment / "bin" / "featviz", "run", "00", "-p", "MODEL", "shapesnet", "--out", folder / "run", cwd=folder)


def prepare(root: Path, version: str, folder: Path) -> Path:
    """Everything but commit and tag, in a clone of `root` inside `folder`; returns the clone."""
    clone = folder / "clone"
    run("git", "clone", "--quiet", root, clone, cwd=folder)
    # A clone does not take a checkout's own author along, and the commit at the end would fail.
    author, mail = re.fullmatch(r"(.*) <(.*)> .*", run("git", "var", "GIT_AUTHOR_IDENT", cwd=root)).groups()
    run("git", "config", "user.name", author, cwd=clone)
    run("git", "config", "user.email", mail, cwd=clone)
    write_version(clone, version, datetime.date.today())
    run(sys.executable, clone / "tools" / "stamp.py", cwd=clone)
    click.echo(f"wrote {version} into " + ", ".join(run("git", "diff", "--name-only", cwd=clone).splitlines()))
    wheel = build(clone, clone / "dist")
    click.echo("built " + ", ".join(path.name for path in sorted((clone / "dist").iterdir())))
    try_out(wheel, clone, folder)
    click.echo(f"{wheel.name}, installed in a new environment, ran notebook 00")
    return clone


def publish(root: Path, clone: Path, version: str) -> None:
    """Commit and tag in the clone, and take commit, tag and dist/ over into `root`."""
    run("git", "commit", "--quiet", "--all", "--message", f"Release {version}", cwd=clone)
    run("git", "tag", "--annotate", f"v{version}", "--message", f"Release {version}", cwd=clone)
    run("git", "pull", "--quiet", "--ff-only", "--tags", clone, "HEAD", cwd=root)
    (root / "dist").mkdir(exist_ok=True)
    for path in (clone / "dist").iterdir():
        (root / "dist" / path.name).write_bytes(path.read_bytes())


@click.command()
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="Build and try everything, but leave this checkout as it is.")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT, hidden=True)
def main(version: str, dry_run: bool, root: Path) -> None:
    """Release VERSION from the commit that is checked out."""
    check(root, version)
    with tempfile.TemporaryDirectory() as folder:
        clone = prepare(root, version, Path(folder))
        if dry_run:
            click.echo(f"dry run: {version} would be committed and tagged v{version}")
            return
        publish(root, clone, version)
    click.echo(f"committed and tagged v{version}; Now: git push --follow-tags, and attach dist/*.whl to the release")


if __name__ == "__main__":
    main()
