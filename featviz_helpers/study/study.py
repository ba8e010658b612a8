"""The study: which method's pictures come closest to what really drives a channel, and whether that can be believed.

Every cell (method, value, channel, seed) is climbed, and its picture compared with the top-9 images of its own channel
and of background channels. The cells of a method are one batch, kept on disk, so that a study that was stopped goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..common.files import replacing
from ..common.provenance import of_rooms
from ..data.image_sets import ImageSet
from ..exemplars.tables import Exemplars
from ..metrics.answer_key import Grader
from ..metrics.distance_base import Distance
from ..models.backbone import Backbone
from . import controls
from .methods import METHODS, check_values, run_methods
from .plan import StudyPlan
from .scores import ExemplarScores

REQUEST = "request.json"


@dataclass(frozen=True)
class Part:
    """The cells of one method for one of the two tables, "study" or "trial"."""

    table: str
    method: str
    values: Sequence[float]
    channels: Sequence[int]
    seeds: Sequence[int]

    @property
    def keeps_pictures(self) -> bool:
        """Whether figures or controls need the pictures themselves."""
        return self.table == "study" or self.method == "none"


class Study:
    """A study of one network on one data set with one distance.

    Args:
        plan: what to compare.
        backbone: the network.
        data: the images that `exemplars` were found in.
        exemplars: of the plan's layer.
        distance: between pictures.
        out: folder for the tables; parts of an unfinished study are kept there and used. The same study with other
            methods may go on there.
        grader: where the answer key is known, adds a grade of every picture.

    Attributes:
        scores: of pictures, for the plan's channels and background channels.

    Raises:
        ValueError: as for `ExemplarScores`; or values that do not fit the size, or a folder that holds another study.
    """

    def __init__(
        self, plan: StudyPlan, backbone: Backbone, data: ImageSet, exemplars: Exemplars, distance: Distance, out: Path,
        grader: Grader | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.out, self.grader = plan, Path(out), grader
        self.scores = ExemplarScores(
            backbone, data, exemplars, distance, plan.channels, plan.background, plan.layer, plan.size, plan.k
        )
        check_values(backbone, self.scores.layer, plan.methods, plan.size)
        self._check_folder()

    def _request(self) -> dict[str, Any]:
        """What makes two studies the same, as plain values."""
        plan = self.plan.model_dump(mode="json")
        methods = plan.pop("methods")
        return {
            "plan": plan,
            "methods": methods,
            "network": self.scores.exemplars.meta["weights"],
            "data": self.scores.exemplars.meta["fingerprint"],
            "distance": self.scores.distance.name,
            "graded": self.grader is not None,
        }

    def _check_folder(self) -> None:
        """Refuse a folder with another study, and write down the request of this one."""
        request, path = self._request(), self.out / REQUEST
        if path.is_file():
            earlier = json.loads(path.read_text())
            methods = earlier["methods"]
            differs = [key for key in request if key != "methods" and earlier.get(key) != request[key]]
            differs += [f"values of {name}" for name, v in request["methods"].items() if methods.get(name, v) != v]
            if differs:
                raise ValueError(
                    f"'{self.out}' holds a study that differs in its {', '.join(differs)}. Choose another folder."
                )
            request["methods"] = methods | request["methods"]
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(request, indent=2))

    def run(self, log: Callable[[str], None] = print) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Run what is not finished yet.

        Args:
            log: called with one line per finished part.

        Returns:
            The table of the plan's channels, and the table of the trial: columns method, value, channel, seed,
            exemplar_distance, other_distance, specificity, rank, auc, activation, activation_percentile, seconds, code
            (a hash of the library that made them); with a grader also orientation, frequency, hue, class and grade.
        """
        plan, tables, trials = self.plan, [], []
        for method, values in plan.methods.items():
            table = self._run_part(Part("study", method, values, plan.channels, plan.seeds), log)
            means = table.groupby("value")["exemplar_distance"].mean()
            best = means.sort_values(na_position="last").index[: None if method == "none" else plan.trial_values]
            chosen = [value for value in values if value in best]
            trial = Part("trial", method, chosen, self.scores.background, plan.trial_seeds)
            tables.append(table)
            trials.append(self._run_part(trial, log))
        return pd.concat(tables, ignore_index=True), pd.concat(trials, ignore_index=True)

    def _run_part(self, part: Part, log: Callable[[str], None]) -> pd.DataFrame:
        """Read the table of a part, after running it if it is not there yet."""
        path = self._path(part.table, part.method)
        if not path.is_file():
            table = self._climb(part)
            with replacing(path) as temporary:
                table.to_parquet(temporary, index=False)
        table = pd.read_parquet(path)
        log(f"{part.table}, {part.method}: {len(table)} pictures, {table['seconds'].sum():.0f} s")
        return table

    def _climb(self, part: Part) -> pd.DataFrame:
        """Climb all cells of a part, score them, and keep the pictures that are needed later."""
        began, scores = time.perf_counter(), self.scores
        options = {"seeds": part.seeds, "steps": self.plan.steps, "size": self.plan.size, "dead": "mark"}
        results = run_methods(scores.backbone, scores.layer, part.channels, {part.method: part.values}, **options)
        cells, result = results[part.method]
        seconds = (time.perf_counter() - began) / len(cells)
        rows = pd.DataFrame({"method": part.method, "value": cells.value, "channel": cells.channel, "seed": cells.seed})
        columns = scores.score(scores.distances(result.images), cells.channel, result.activations)
        rows = rows.assign(**columns, seconds=seconds, code=of_rooms())
        if self.grader:
            rows = pd.concat([rows, self.grader.grade(result.images, cells.channel)], axis=1)
        if part.keeps_pictures:
            path = self._path(part.table, part.method).with_suffix(".npz")
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, images=result.images.astype(np.float16))
        return rows

    def _path(self, table: str, method: str) -> Path:
        return self.out / "parts" / f"{table}-{method.replace(' ', '_')}.parquet"

    def pictures(self, method: str, table: str = "study") -> np.ndarray:
        """Return the pictures of a finished method in the order of its rows, (N, size, size, 3).

        Args:
            method: name; of the trial only "none" is kept.
            table: "study" or "trial".
        """
        return np.load(self._path(table, method).with_suffix(".npz"))["images"].astype(np.float32)

    def base_pictures(self) -> list[controls.BasePictures]:
        """Return the finished pictures without a regulariser, at the step size nearest to the default."""
        values = np.array(self.plan.methods["none"])
        nearest = np.argmin(np.abs(np.log(values / METHODS["none"].default)))
        base = []
        for table, channels, seeds in (
            ("study", self.plan.channels, self.plan.seeds),
            ("trial", self.scores.background, self.plan.trial_seeds),
        ):
            images = self.pictures("none", table)
            shape = images.shape[1:]
            images = images.reshape(len(seeds), len(channels), len(values), *shape)[:, :, nearest].reshape(-1, *shape)
            base.append(controls.BasePictures(images, channels * len(seeds), np.repeat(seeds, len(channels))))
        return base

    def score_controls(self) -> pd.DataFrame:
        """Score the controls of a study whose parts are finished; see `controls.score`."""
        return controls.score(self.scores, self.base_pictures(), self.plan.seeds)
