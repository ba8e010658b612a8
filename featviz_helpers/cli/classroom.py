"""`featviz class`: assignments, from the teacher's folder to a table of points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..common.errors import printable
from . import options as shared
from .command import Command

NAMES = ("dreams", "regularisers", "evaluation")
HERE = Path("assignments")
CHECKOUT = Path(__file__).resolve().parent.parent.parent / HERE
INSTALL_NBGRADER = ".venv/bin/uv pip install nbgrader"
course = click.option(
    "--course", type=shared.folder, default=".", show_default=True, help="Folder that featviz class new has made."
)
assignment = click.option("--assignment", type=click.Choice(NAMES), required=True, help="Which one was handed in.")


@click.group(name="class", short_help="Assignments: set up, check, release, grade.")
def classroom() -> None:
    """Assignments that are graded by their answers: set up a course, check it, release it, grade hand-ins.

    assignments/README.md says how to adopt them.
    """


def sources(names: tuple[str, ...], folder: Path | None = None) -> list[Path]:
    """Return the source notebooks of the assignments: all of them, if none is named.

    Raises:
        FileNotFoundError: one is not there.
    """
    folder = folder or (HERE if HERE.is_dir() else CHECKOUT)
    paths = [folder / f"{name}.ipynb" for name in names or NAMES]
    if missing := [path for path in paths if not path.is_file()]:
        raise FileNotFoundError(
            f"There is no assignment '{missing[0]}'. The sources come with the course's repository, in "
            f"{HERE}/; run the command there, or name your folder."
        )
    return paths


@classroom.command(cls=Command, short_help="Set up a teacher's folder.")
@click.argument("folder", type=shared.Folder(), metavar="DIR")
def new(folder: Path) -> None:
    """Set up a teacher's folder DIR: sources to adapt, a roster, nbgrader's settings. What is there already stays.

    Exit status: 0, 1 if a file could not be written, 2 if the request was refused, 130 after Ctrl-C.
    """
    found = sources((), CHECKOUT if CHECKOUT.is_dir() else None)
    from ..classroom import course as teachers

    written = teachers.new(folder, found)
    for path in written:
        click.echo(f"{path}")
    if not written:
        click.echo(f"Every file is there already in {folder}; nothing was changed.")
    for path in teachers.changed(folder, found):
        click.echo(f"{path} is not as the course has it now: adapted, or older. Move it away to get the course's.")


@classroom.command(cls=Command, short_help="Prove that an assignment gives what it should.")
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(NAMES))
@click.option("--course", type=shared.folder, help="Folder that featviz class new has made; default: the originals.")
@click.pass_context
def check(context: click.Context, names: tuple[str, ...], course: Path | None) -> None:
    """Prove, without a network, that the solution of an assignment earns everything, an untouched release nothing.

    Typical mistakes and attempts to cheat must earn what is said of them. About a minute for each assignment.

    Exit status: 0, 1 if a hand-in earned something else, 2 if the request was refused, 130 after Ctrl-C.
    """
    found = sources(names, course / HERE if course else None)
    from ..classroom.checking import check as try_all

    wrong = 0
    for path in found:
        click.echo(f"{path.stem}\n  {'hand-in':40} {'must earn':>11} {'earned':>7}")
        for result in try_all(path):
            low, high = result.wanted
            must = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            said = "" if result.right else "  WRONG"
            click.echo(
                f"  {result.name:40} {must:>11} {result.points:>7g}{said}{'  ' * bool(result.note)}{result.note}"
            )
            wrong += not result.right
    if wrong:
        click.echo(f"{wrong} hand-ins did not earn what they should.", err=True)
        context.exit(1)


@classroom.command(cls=Command, short_help="Write what students get.")
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(NAMES))
@course
def release(names: tuple[str, ...], course: Path) -> None:
    """Write what students get, without solutions: DIR/open/NAME.ipynb, and nbgrader's DIR/release/NAME/.

    The second is left out where nbgrader is not installed.

    Exit status: 0, 1 if a file could not be written, 2 if the request was refused, 130 after Ctrl-C.
    """
    found = sources(names, course / HERE)
    from ..classroom import course as teachers

    for path in found:
        for written in teachers.release(course, path.stem):
            click.echo(f"{written}")
    if teachers.program("nbgrader") is None:
        click.echo(f"nbgrader is not installed, so there is no version for it: {INSTALL_NBGRADER}")


@classroom.command(cls=Command, short_help="Grade a folder of hand-ins.")
@click.argument("submissions", type=shared.folder, required=False)
@assignment
@click.option("--out", type=shared.Folder(), default="grades", show_default=True, help="For table and records.")
@click.option("--roster", type=shared.file, help="CSV with the columns folder and student; default: names are ids.")
@click.option(
    "--sandbox",
    type=click.Choice(("bwrap", "docker", "none")),
    help="Run notebooks that came without answers, held by this. Default: nothing is run.",
)
@click.option("--image", default="featviz-course", show_default=True, help="Docker's, with the course installed.")
@click.option("--seconds", type=click.IntRange(1, 86_400), default=600, show_default=True, help="For one notebook.")
@click.option("--gradescope", type=shared.New((".zip",)), metavar="ZIP", help="Write Gradescope's autograder instead.")
def grade(submissions: Path | None, assignment: str, out: Path, gradescope: str | None, **options: Any) -> None:
    """Grade the hand-ins in a folder: one folder or one file for each student, called like the student.

    What counts is answers.npz or answers.json. DIR/ASSIGNMENT.csv has points and reasons, DIR/ASSIGNMENT_words.txt the
    written answers: type your points for them into the column words. Given again, the command goes on where it was
    stopped, keeps what you typed and adds it to the total.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    if gradescope is not None:
        from ..classroom.gradescope import write_zip

        write_zip(Path(gradescope), assignment)
        click.echo(gradescope)
        return
    if submissions is None:
        raise ValueError("SUBMISSIONS must be a folder of hand-ins, or --gradescope must name a zip; got neither.")
    grade_folder(submissions, assignment, out, **options)


def grade_folder(
    submissions: Path, assignment: str, out: Path, roster: Path | None, sandbox: str | None, image: str, seconds: int
) -> None:
    """Grade a folder and say in one line what came of it.

    Raises:
        ValueError: nothing was handed in there, or the sandbox's program is not installed.
        OSError: the sandbox does not start, or a file cannot be written.
    """
    from ..classroom import gradebook, sandbox_commands, tables
    from ..classroom import submissions as hand_ins

    limits = sandbox_commands.Limits(seconds=seconds)
    if sandbox is not None:
        sandbox_commands.command(sandbox, CHECKOUT, limits, image, "")  # refuses before any work is done
    owners = hand_ins.read_roster(roster) if roster else None
    places = hand_ins.find_places(submissions, assignment, owners)
    if not places:
        raise ValueError(f"'{submissions}' must hold a folder or a file for each student; there is none in it.")
    path = out / f"{assignment}.csv"
    by_hand = gradebook.points_by_hand(path, assignment, [place.name for place in places])
    for name in _passed_over(submissions, hand_ins.ENDINGS):
        click.echo(f"not looked at: {name} (neither a folder nor {', '.join(hand_ins.ENDINGS)})", err=True)
    records = gradebook.grade_all(
        places,
        out / "records" / assignment,
        lambda place: hand_ins.grade_place(place, assignment, sandbox, limits, image),
        f"{assignment} {sandbox} {limits} {image}",
    )
    marks = gradebook.table(records, assignment, by_hand)
    gradebook.write_csv(path, marks)
    gradebook.write_texts(out / f"{assignment}_words.txt", records)
    contained = int((marks["contained"] != "").sum())
    click.echo(
        f"{path}: {len(marks)} hand-ins, mean {marks['total'].mean():.1f} points, "
        f"{int((marks['note'] != '').sum())} with a note, {contained} contained, "
        f"{sum(bool(r.text) and tables.safe(r.name) not in by_hand for r in records)} texts to be graded by hand"
    )
    draft = out / f"{assignment}_roster.csv"
    if owners is None and (strange := gradebook.write_claims(draft, records)):
        click.echo(
            f"{strange} of them name another student than their folder does, and have no points yet. {draft} has what "
            "they say: look through it, then grade again with --roster and that file."
        )


def _passed_over(folder: Path, endings: Sequence[str]) -> list[str]:
    """Return the names of files beside the folders that are nobody's hand-in: a zip, a pdf, an .NPZ."""
    files = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith("."))
    return [printable(path.name) for path in files if path.suffix not in endings]
