"""The tables of a study, in memory and in a folder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from ..common.files import replacing
from . import specificity
from .specificity import INDEX, JUDGES

DIGITS = 4  # of a stored distance; a difference that matters is ten times larger


@dataclass(frozen=True)
class Tables:
    """All numbers of a study, one row per picture.

    Attributes:
        study: pictures of the plan's channels. Columns method, value, channel, seed, exemplar_distance, other_distance,
            others_minus_own, rank, specificity, auc (all of these again, after "place_free_", for the second judge),
            activation, activation_percentile, seconds, code (a hash of the library that made them); with a grader also
            orientation, frequency, hue, class and grade.
        trial: the same for the background channels.
        controls: pictures that know nothing, and the channels' own images; see `controls.score`.
        snapshots: pictures on the way of one climb without a regulariser: channel, seed, step, activation and the
            distances.
        distances: the distance of every picture of the other tables to the set of every channel: columns table, method,
            value, seed, channel, and "to N" for every set N; "place_free_to N" for the second judge.
    """

    study: pd.DataFrame
    trial: pd.DataFrame
    controls: pd.DataFrame
    snapshots: pd.DataFrame
    distances: pd.DataFrame

    @classmethod
    def of(cls, snapshots: pd.DataFrame, **rows: pd.DataFrame) -> Tables:
        """Put finished parts together.

        Args:
            snapshots: see the attribute.
            rows: study, trial and controls, each with the columns of its matrix; see `specificity.columns`.
        """
        whole = pd.concat([part.assign(table=name) for name, part in rows.items()], ignore_index=True)
        # Together: the pictures of one method, value and seed of both tables are one matrix.
        whole = specificity.add(whole)
        cells = [name for name in whole if any(name.startswith(f"{judge}to ") for judge in JUDGES)]
        added = [f"{judge}{name}" for judge in JUDGES for name in ("specificity", "auc") if f"{judge}auc" in whole]
        parts = {
            name: whole.loc[whole["table"] == name, [*part.columns.difference(cells, sort=False), *added]]
            for name, part in rows.items()
        }
        matrix = whole[["table", *INDEX]].join(whole[cells].astype(np.float32).round(DIGITS))
        parts = {name: part.reset_index(drop=True) for name, part in parts.items()}
        return cls(**parts, snapshots=snapshots, distances=matrix)

    @classmethod
    def load(cls, folder: str | Path) -> Tables:
        """Read what `save` wrote."""
        return cls(**{field.name: pd.read_parquet(Path(folder) / f"{field.name}.parquet") for field in fields(cls)})

    def save(self, folder: str | Path) -> None:
        """Write one file per table into a folder."""
        for field in fields(self):
            table = getattr(self, field.name)
            scores = table.select_dtypes("floating").columns.tolist()
            with replacing(Path(folder) / f"{field.name}.parquet") as part:
                table.to_parquet(
                    part, index=False, compression="zstd", compression_level=19,
                    # Numbers by the rank of their bytes: the first ones are alike, of rounded ones the last are zero.
                    use_byte_stream_split=scores, use_dictionary=table.columns.difference(scores).tolist(),
                )  # fmt: skip

    @property
    def judges(self) -> list[str]:
        """Those of `JUDGES` whose distances there are."""
        return [judge for judge in JUDGES if f"{judge}exemplar_distance" in self.trial]

    def residuals(self, judge: str = "") -> pd.DataFrame:
        """Return `specificity.residuals` of all pictures but the snapshots."""
        return specificity.residuals(specificity.distances(self.distances, judge))
