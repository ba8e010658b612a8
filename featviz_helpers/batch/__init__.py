"""Batch studies: a plan becomes runs, runs become folders, folders become one table."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "cluster", "dispatch", "gpus", "kernel", "plan", "plan_file", "plan_grid", "plan_schema", "result_file",
        "results", "run", "run_folders", "run_id", "sweep",
    ],
    submod_attrs={
        "plan": ["SweepPlan"],
        "plan_file": ["PlanError"],
        "results": ["failures", "finished_runs", "results_table", "write_table"],
        "run_folders": ["RunFolders"],
    },
)  # fmt: skip
