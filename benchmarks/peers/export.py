"""Write the network that all libraries share: weights, one probe and the answer to it, as plain arrays.

Call as `python export.py FILE SIZE [WEIGHTS]` in the environment of this project.
"""

import sys

import featviz_helpers as fv
import keras
import keras_trunk
import numpy as np
from protocol import LAYER

PROBES = 2


def main(file: str, size: int, weights: str | None = None) -> None:
    """Take the weights as this project loads them, before batch norm is folded."""
    trained = fv.load_model("inception_v3", weights=weights).truncate(LAYER, fold=False)
    model, pairs = keras_trunk.build(keras, None)
    model.set_weights(trained.get_weights())
    probe = np.random.default_rng(0).uniform(-1.0, 1.0, (PROBES, size, size, 3)).astype(np.float32)
    arrays = {"probe": probe, "answer": model(probe, training=False).numpy()}
    for index, (convolution, norm) in enumerate(pairs):
        arrays[f"kernel_{index}"] = convolution.kernel.numpy()
        for part, variable in (("beta", norm.beta), ("mean", norm.moving_mean), ("variance", norm.moving_variance)):
            arrays[f"{part}_{index}"] = variable.numpy()
    np.savez(file, **arrays)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
