"""The same call gives the same picture, bit for bit, also where several threads race.

In a process of its own, because the suite's workers share the cores out. Sixteen images of lite0 show a race at every
repeat; the miniature network is too small for one.
"""

import os
import subprocess
import sys

import pytest

REPEATS = """
import featviz_helpers as fv
import numpy as np

backbone = fv.load_model("lite0")

def climb(**regularizers):
    objective = fv.channel("auto", range(16))
    return fv.maximize(backbone, objective, steps=5, size=192, batch=16, progress=False, **regularizers).images

for regularizers in (
    {"penalties": [fv.TotalVariation(5e-4)]},
    {"penalties": [fv.L2(1e-4), fv.Norm(1e-4), fv.TotalVariation(5e-4, isotropic=True)], "transforms": [fv.standard()]},
):
    first = climb(**regularizers)
    assert np.abs(first).max() > 0.1
    print(*(float(np.abs(climb(**regularizers) - first).max()) for _ in range(3)))
"""


@pytest.mark.slow
def test_penalties_give_the_same_picture_in_every_run():
    environment = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    done = subprocess.run([sys.executable, "-c", REPEATS], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {float(number) for number in done.stdout.split()} == {0.0}
