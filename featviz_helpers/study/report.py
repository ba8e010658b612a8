"""What a study leaves: tables, figures, a verdict in words, and where every number came from."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from ..common import provenance
from ..common.files import write_bytes, write_text
from ..common.locks import exclusive
from ..metrics.answer_key import PROPERTIES
from . import figures, report_text, statistics, verdict
from .finished import RECORD
from .predictors import predictor_differences, predictors
from .specificity import view
from .study import Study
from .tables import Tables

PREDICTORS = (
    "exemplar_distance", "specificity", "auc", "others_minus_own",
    "place_free_exemplar_distance", "place_free_specificity", "activation",
)  # fmt: skip


def write(study: Study, log: Callable[[str], None] = print, command: Sequence[str] = ()) -> str:
    """Run a study and write everything that comes out into its folder.

    Args:
        study: the study.
        log: called with one line per finished part.
        command: the command line, for the record.

    Returns:
        The verdict, as in verdict.md.
    """
    with exclusive(study.out, "study"):
        return _write(study, log, command)


def _write(study: Study, log: Callable[[str], None], command: Sequence[str]) -> str:
    record = provenance.opening(Path(__file__).parent.parent, command)
    tables = study.run(log)
    (study.out / RECORD).unlink(missing_ok=True)  # until everything is there again
    tables.save(study.out)
    judged = pd.concat([verdict.judge(tables, by).assign(judge=by or "places") for by in tables.judges])
    specificity = {by: verdict.specificity_table(tables, by) for by in tables.judges}
    _write_tables(study.out, tables, judged, specificity)
    _draw(study, tables)
    text = report_text.study_text(study, tables, judged, specificity)
    if study.grader:
        text += _write_answer_key(study, tables)
    write_text(study.out / "verdict.md", text)
    _write_provenance(study, record, tables, log)
    return text


def _write_tables(folder: Path, tables: Tables, judged: pd.DataFrame, specificity: dict[str, pd.DataFrame]) -> None:
    low = statistics.lowest_distances(tables.study)
    _write_table(folder / "summary.csv", low, "%.4f", index=True)
    _write_table(folder / "improvement.csv", statistics.improvement(low), "%.1f", index=True)
    _write_table(folder / "refined.csv", statistics.best_ranges(tables.study), None)
    _write_table(folder / "held_out.csv", verdict.chosen_pictures(tables))
    _write_table(folder / "matched.csv", verdict.equal_activation(tables))
    _write_table(folder / "judged.csv", judged)
    for by, table in specificity.items():
        _write_table(folder / f"{by}specificity.csv", table)


def _write_table(path: Path, table: pd.DataFrame, float_format: str | None = "%.5g", index: bool = False) -> None:
    write_text(path, table.to_csv(float_format=float_format, index=index, lineterminator="\n"))


def _draw(study: Study, tables: Tables) -> None:
    label = study.scores.distance.label
    background = tables.controls[tables.controls["channel"].isin(study.scores.background)]
    held_out = statistics.held_out(tables.trial)
    drawn = {
        "pictures.jpg": figures.pictures(study, tables.study),
        "curves.png": figures.curves(tables.study, label),
        "controls.png": figures.controls(held_out, background, label),
    }
    for by in tables.judges[1:]:
        trial, seen = view(tables.trial, by), view(background, by)
        judge = study.scores.judges[by].label
        drawn[f"{by}controls.png"] = figures.controls(statistics.held_out(trial), seen, judge)
    for name, figure in drawn.items():
        file = io.BytesIO()  # Pillow does not notice where a full disk cuts a JPEG off
        figure.savefig(file, format=Path(name).suffix[1:], bbox_inches="tight")
        write_bytes(study.out / name, file.getvalue())
        plt.close(figure)


def _write_answer_key(study: Study, tables: Tables) -> str:
    columns = [name for name in PREDICTORS if name in tables.trial]
    found = predictors(tables.trial, columns, ("grade", *PROPERTIES))
    differences = predictor_differences(tables.trial, columns)
    _write_table(study.out / "predictors.csv", found, "%.4f")
    _write_table(study.out / "predictor_differences.csv", differences, "%.4f")
    return report_text.answer_key_text(tables.trial, found, differences, study.grader.accuracy)


def _write_provenance(study: Study, record: dict, tables: Tables, log: Callable[[str], None]) -> None:
    parts = {name: getattr(tables, name) for name in ("study", "trial", "snapshots", "controls")}
    versions = sorted({version for part in parts.values() for version in part["code"]})
    if len(versions) > 1:
        log(f"The parts were made by {len(versions)} versions of the library; {RECORD} names them.")
    seconds = {name: float(part["seconds"].sum()) for name, part in parts.items()}
    record |= {
        "status": "ok",
        "duration": round(sum(seconds.values()), 1),
        "plan": study.plan.model_dump(),
        "background": study.scores.background,
        "distance": study.scores.distance.label,
        "judges": [judge.label for judge in study.scores.judges.values()],
        "judge_weights": {judge.label: judge.weights() for judge in study.scores.judges.values() if judge.weights()},
        "data": str(study.data),
        "exemplars": study.scores.exemplars.meta,
        "seconds": seconds,
        "code": versions,
    }
    write_text(study.out / RECORD, json.dumps(record, indent=2, default=str) + "\n")
