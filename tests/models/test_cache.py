"""What a network keeps of what was compiled for it."""

import featviz_helpers as fv
import pytest
from featviz_helpers.models import cache
from support.networks import shapesnet


@pytest.mark.slow
def test_what_was_not_used_for_long_is_dropped(monkeypatch):
    """Each structure takes 12 MB, and all were kept."""
    monkeypatch.setattr(cache, "MOST_FUNCTIONS", 2)
    backbone = fv.Backbone(shapesnet().model)
    climbed = {}
    for size in (32, 33, 32, 34):
        before = set(backbone.functions)
        fv.maximize(backbone, fv.channel("mixed0", 0), steps=1, size=size, progress=False)
        climbed.update(dict.fromkeys(set(backbone.functions) - before, size))
    assert [climbed[key] for key in backbone.functions] == [32, 34], "33 was used least recently"
