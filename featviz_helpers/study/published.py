"""What the original study reported.

Qing Pan: *Feature Visualisation of CNN*, 2021; a project with slides, supervised by Jize Yan and Hansung Kim.
https://github.com/qp1u18/Feature-Visualisation-of-CNN
"""

import pandas as pd

PUBLISHED = pd.DataFrame(
    {
        48: (1.244, 1.026, 0.798, 0.901, 0.906, 0.836, 0.959, 0.717),
        62: (1.292, 1.023, 0.742, 0.888, 0.915, 0.736, 1.047, 0.773),
        73: (1.282, 1.041, 0.778, 0.883, 0.924, 0.829, 1.055, 0.818),
        91: (1.234, 0.976, 0.763, 0.849, 0.906, 0.819, 1.028, 0.780),
    },
    index=pd.Index(
        ["none", "L2", "total variation", "standard", "jitter", "scale", "rotate", "octaves"], name="method"
    ),
)
"""The original study's lowest LPIPS (AlexNet) per method and channel: InceptionV3 with Keras's weights, ImageNet-v2."""
