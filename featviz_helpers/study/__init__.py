"""Whether the pictures are true: methods, controls, statistics, and the verdict of a study."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["controls", "figures", "methods", "predictors", "report", "specificity", "statistics", "verdict"],
    submod_attrs={
        "finished": ["FinishedStudy", "bundled", "essence", "read", "twins"],
        "methods": ["METHODS", "run_methods"],
        "plan": ["StudyPlan"],
        "published": ["PUBLISHED"],
        "scores": ["ExemplarScores"],
        "study": ["Study"],
        "tables": ["Tables"],
        "yardstick": ["account", "worth_using"],
    },
)
