"""Gradescope: a zip with this grader in it, and what runs there: `python -m featviz_helpers.classroom.gradescope`."""

from __future__ import annotations

import json
import sys
import zipfile
from importlib.metadata import metadata, requires
from pathlib import Path
from typing import Any

from ..common.files import replacing
from .grading import questions
from .submissions import Record, find_places, grade_place
from .variants import Variant

PACKAGE = Path(__file__).resolve().parent.parent
HOME = Path("/autograder")
SET_UP = """\
#!/usr/bin/env bash
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update && apt-get install -y python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "This grader needs Python 3.11 or later: choose a newer Ubuntu as the base image of the autograder." >&2
  exit 1
}
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --quiet -r /autograder/source/requirements.txt
"""
RUN = """\
#!/usr/bin/env bash
cd /autograder/source && PYTHONPATH=. /autograder/venv/bin/python -m featviz_helpers.classroom.gradescope {assignment}
"""
TIME = (2024, 1, 1, 0, 0, 0)  # the same for every file, so that the same grader is the same zip


def write_zip(path: Path, assignment: str) -> None:
    """Write the zip that Gradescope's autograder takes. It grades answers alone; no notebook is run there.

    Args:
        path: the file.
        assignment: its name.
    """
    about = metadata("featviz-helpers")
    info = f"Metadata-Version: 2.1\nName: {about['Name']}\nVersion: {about['Version']}\n"
    needed = [line for line in requires("featviz-helpers") or [] if "extra ==" not in line]
    texts = {
        "setup.sh": SET_UP,
        "run_autograder": RUN.format(assignment=assignment),
        "requirements.txt": "\n".join(needed) + "\n",
        f"featviz_helpers-{about['Version']}.dist-info/METADATA": info,
    }
    files = [file for file in sorted(PACKAGE.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in texts.items():
            packed.writestr(_entry(name, executable=not name.endswith((".txt", "METADATA"))), text)
        for file in files:
            name = f"{PACKAGE.name}/{file.relative_to(PACKAGE).as_posix()}"
            packed.writestr(_entry(name), file.read_bytes())


def _entry(name: str, executable: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIME)
    entry.external_attr = (0o755 if executable else 0o644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def results(record: Record, variant: Variant) -> dict[str, Any]:
    """Return what Gradescope reads: one test for each question that a program grades."""
    tests = [
        {"name": question.title, "score": points, "max_score": question.points, "output": reason}
        for question in questions(variant)
        if question.judge is not None
        for points, reason in [record.marks.get(question.name, (0.0, "not handed in"))]
    ]
    return {"output": record.note or "Graded from your file of answers.", "tests": tests}


def grade_there(assignment: str, home: Path = HOME) -> Path:
    """Grade what Gradescope has unpacked; the student is known by the e-mail address of the account.

    Args:
        assignment: its name.
        home: Gradescope's folder.

    Returns:
        The file of results.
    """
    about = json.loads((home / "submission_metadata.json").read_text(encoding="utf-8"))
    student = about["users"][0]["email"]
    found = find_places(home, assignment, {"submission": student})
    (place,) = (place for place in found if place.name == "submission")
    report = home / "results" / "results.json"
    report.parent.mkdir(exist_ok=True)
    content = results(grade_place(place, assignment), Variant(assignment, student))
    report.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return report


if __name__ == "__main__":
    grade_there(sys.argv[1])
