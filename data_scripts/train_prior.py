"""Train a generator for Shapes, the bundled learned prior, and write its weights, its measurements and its card.

    python data_scripts/train_prior.py

It is a feature inverter (Dosovitskiy and Brox, 2016): an encoder reads ShapesNet's features and says in a few numbers
what is on an image, and a generator draws the image from them. The loss has four parts:

* pixels: the mean squared difference;
* features: the difference of ShapesNet's features, each scaled to length 1 (the form of LPIPS, mixed0 to mixed2);
* a critic that learns to tell drawings from what the generator makes of them. One optimiser trains both: the gradient
  of the critic's loss is turned round on its way into the generator (Ganin and Lempitsky, 2015), and spectral
  normalisation bounds the critic (Miyato et al., 2018);
* the divergence of the codes from a normal distribution (Kingma and Welling, 2014), so that codes which no image
  has lead to pictures too: an ascent will ask for them.

Two classes are left out: the generator never sees a star or a spiral. ShapesNet, whose features it reads, has seen
both.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import keras
import numpy as np
from featviz_helpers.assets.locate import bundled
from featviz_helpers.common.files import replacing
from featviz_helpers.common.provenance import cpu_count
from featviz_helpers.data.shapes import CLASSES, draw
from featviz_helpers.metrics.distances import distance
from featviz_helpers.models import shapesnet
from featviz_helpers.models.load import load_model
from featviz_helpers.models.shapes_generator import HELD_OUT, READS, build_encoder, build_generator
from featviz_helpers.models.weights_file import load_weights
from featviz_helpers.synthesis.prior import whole
from keras import layers, ops
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRAIN_SEED, CODE_SEED, TEST_SEED, JUDGE_SEED = (
    40_000_000,
    50_000_000,
    60_000_000,
    70_000_000,
)  # of Shapes; apart by design
KNOWN = tuple(name for name in CLASSES if name not in HELD_OUT)
WEIGHTS = {"pixels": 6.0, "features": 1.0, "critic": 0.02, "divergence": 1e-3}
BLOCKS = ("mixed0", "mixed1", "mixed2")  # that the feature loss compares
LEARNING_RATE = 3e-3
STEPS, BATCH = 3500, 32
SIZE = 64


class Drawings(keras.utils.PyDataset):
    """Batches of fresh drawings of the known classes; nothing can be learned by heart."""

    def __init__(self, steps: int, batch: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.steps, self.batch, self.first = steps, batch, TRAIN_SEED + 1_000_000_000 * seed

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, number: int) -> tuple:
        images = draw(self.batch, self.first + number, SIZE, KNOWN).images
        return images, {name: np.zeros(self.batch, np.float32) for name in WEIGHTS}


@keras.saving.register_keras_serializable("featviz")
class Sampled(layers.Layer):
    """A code drawn from the encoder's normal distribution."""

    def __init__(self, seed: int, **options: object) -> None:
        super().__init__(**options)
        self.random = keras.random.SeedGenerator(seed)

    def call(self, mean, log_variance):
        return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.random)


@keras.saving.register_keras_serializable("featviz")
class Reversed(layers.Layer):
    """The identity, with the gradient turned round: what trains the critic trains the generator against it."""

    def call(self, images):
        return 2.0 * ops.stop_gradient(images) - images


def build_critic() -> keras.Model:
    """A score for each patch of an image, high for drawings."""
    image = x = keras.Input((SIZE, SIZE, 3))
    for width in (32, 64, 96):
        x = layers.SpectralNormalization(layers.Conv2D(width, 4, strides=2, padding="same"))(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.SpectralNormalization(layers.Conv2D(1, 3, padding="same"))(x)
    return keras.Model(image, ops.mean(x, axis=(1, 2, 3)), name="critic")


def frozen_features(*names: str) -> keras.Model:
    """ShapesNet, not to be trained, from images of 64 pixels to the output of the named layers."""
    network = shapesnet.build(input_size=SIZE)
    load_weights(network, bundled("shapesnet.weights.h5"))
    network.trainable = False
    return keras.Model(network.input, [network.get_layer(name).output for name in names])


def build_training(encoder: keras.Model, generator: keras.Model, seed: int) -> keras.Model:
    """The whole training as one model, from an image to the four parts of its loss."""
    features, critic = frozen_features(*BLOCKS), build_critic()
    image = keras.Input((SIZE, SIZE, 3))
    wanted = features(image)
    mean, log_variance = encoder([wanted[BLOCKS.index(READS)], image])
    log_variance = ops.clip(log_variance, -10.0, 4.0)
    picture = generator(Sampled(seed)(mean, log_variance))
    pairs = zip(wanted, features(picture), strict=True)
    parts = {
        "pixels": ops.mean(ops.square(image - picture), (1, 2, 3)),
        "features": sum(ops.mean(ops.sum(ops.square(_unit(a) - _unit(b)), -1), (1, 2)) for a, b in pairs),
        "critic": critic(Reversed()(picture)) - critic(image),
        "divergence": 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance, (1, 2, 3)),
    }
    return keras.Model(image, parts)


def _unit(features):
    return features / (ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True)) + 1e-6)


def train(steps: int, batch: int, seed: int) -> tuple[keras.Model, keras.Model]:
    """Train a fresh encoder and generator on `steps` batches."""
    keras.utils.set_random_seed(seed)
    encoder, generator = build_encoder(), build_generator()
    training = build_training(encoder, generator, seed)
    rate = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE / 20, steps, alpha=0.02, warmup_target=LEARNING_RATE, warmup_steps=max(1, steps // 20)
    )
    optimizer = keras.optimizers.AdamW(rate, beta_1=0.8, weight_decay=1e-3, clipnorm=1.0)
    training.compile(optimizer, {name: lambda _, part: ops.mean(part) for name in WEIGHTS}, loss_weights=WEIGHTS)

    training.fit(Drawings(steps, batch, seed), verbose=1 if os.isatty(1) else 2)
    return encoder, generator


def codes_of(encoder: keras.Model, images: np.ndarray) -> np.ndarray:
    """Codes of images: (N, 4, 4, 16), the means that the encoder gives."""
    return encoder.predict([frozen_features(READS).predict(images, verbose=0), images], verbose=0)[0]


def judge():
    """A second opinion: a linear classifier on lite0's features, which had no part in the training."""
    eye = load_model("lite0")
    known = draw(960, JUDGE_SEED)
    model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=1000))
    model.fit(eye.activations(known.images, "avg_pool"), known.labels)
    return lambda images: model.predict(eye.activations(images, "avg_pool"))


def measure(encoder: keras.Model, generator: keras.Model) -> dict:
    """Compare reconstructions of fresh drawings with the drawings, for known classes and for those left out."""
    lpips_form, network, second = distance("shapesnet"), load_model("shapesnet"), judge()
    judges = {"shapesnet": lambda images: network.activations(images, "logits").argmax(axis=1), "second": second}
    found = {}
    for number, (name, classes, count) in enumerate([("known", KNOWN, 480), ("held_out", HELD_OUT, 128)]):
        drawn = draw(count, TEST_SEED + number, SIZE, classes)
        made = generator.predict(codes_of(encoder, drawn.images), verbose=0)
        others = np.roll(drawn.images, 1, axis=0)
        row = {"count": count, "rms": float(np.sqrt(np.mean((made - drawn.images) ** 2)))}
        row["distance"] = float(lpips_form.pairs(made, drawn.images).mean())
        row["distance_of_another"] = float(lpips_form.pairs(others, drawn.images).mean())
        for who, ask in judges.items():
            answers = ask(made)
            row[f"{who}_on_drawings"] = float((ask(drawn.images) == drawn.labels).mean())
            row[f"{who}_agrees"] = float((answers == drawn.labels).mean())
            if name == "held_out":
                row[f"{who}_instead"] = {
                    CLASSES[label]: common(answers[drawn.labels == label]) for label in np.unique(drawn.labels)
                }
        found[name] = row
    return found


def common(answers: np.ndarray, most: int = 4) -> dict[str, int]:
    """The most frequent answers and how often each was given."""
    counts = np.bincount(answers, minlength=len(CLASSES))
    return {CLASSES[label]: int(counts[label]) for label in np.argsort(-counts, kind="stable")[:most] if counts[label]}


CARD = """# The learned prior of Shapes: model card

A generator that draws pictures like those of Shapes from 4 x 4 x 16 numbers, and the encoder that gives an image its
code. `synthesis.shapes_prior()` loads both; notebook 11 asks it for what a network likes.

| | |
|---|---|
| weights | `shapes_prior.weights.h5`, {bytes:,} bytes |
| sha256 | `{sha256}` |
| parameters | generator {generator_parameters:,}, encoder {encoder_parameters:,} |
| code | (4, 4, 16), limits: three standard deviations of each unit on either side of its mean |
| output | images of 64 x 64 in [-1, 1] |
| command | `python data_scripts/train_prior.py --steps {steps} --batch {batch} --seed {seed}` |
| training | {images:,} images in {steps:,} batches of {batch}, each drawn afresh |
| time | {training_seconds:,.0f} seconds of running{shared}, {training_cpu_seconds:,.0f} CPU seconds, on {cores} cores |

## Data
Shapes without two classes: {held}. ShapesNet, whose features the encoder reads and the loss compares, has seen all 32.

## Training
A feature inverter (Dosovitskiy and Brox, 2016). Encoder: ShapesNet's mixed1 and the image at 16 x 16, two
convolutions with stride 2, mean and variance of the code. Generator: three convolutions at 4 x 4, then four times
enlarge and convolve, twice at 8 and at 16 pixels. Loss: {parts}.

## Fresh drawings and what the generator makes of them
Root mean square in a range of 2; LPIPS-form distance on ShapesNet; classes by ShapesNet, and by a linear judge on
lite0's features ({second:.0%} right on drawings of the known classes). In brackets: their share on the drawings
themselves, and the distance between two different drawings.

| | known classes | left out |
|---|---|---|
| drawings | {known[count]} | {held_out[count]} |
| root mean square | {known[rms]:.2f} | {held_out[rms]:.2f} |
| distance (of another) | {known[distance]:.2f} ({known[distance_of_another]:.2f}) | {held_out[distance]:.2f} \
({held_out[distance_of_another]:.2f}) |
| class by ShapesNet | {known[shapesnet_agrees]:.0%} ({known[shapesnet_on_drawings]:.0%}) | \
{held_out[shapesnet_agrees]:.0%} ({held_out[shapesnet_on_drawings]:.0%}) |
| class by the judge | {known[second_agrees]:.0%} ({known[second_on_drawings]:.0%}) | \
{held_out[second_agrees]:.0%} ({held_out[second_on_drawings]:.0%}) |

What the reconstructions of the two are taken for:
{instead}

## Limits
It draws Shapes and nothing else. Its feature loss is ShapesNet's own, so distances on ShapesNet flatter it; the judge
had no part. The judge's shares on reconstructions depend on the drawings that it was taught with: that of notebook 11,
taught with 960 others, has other shares for the classes left out. A picture that looks like a drawing says nothing
about the channel it was made for: see notebook 11.
"""


def card(record: dict) -> str:
    """The model card of a training record, as Markdown."""
    lines = [
        f"- {name}, by {who}: " + ", ".join(f"{other} {count}" for other, count in counts.items())
        for key, who in (("shapesnet_instead", "ShapesNet"), ("second_instead", "the judge"))
        for name, counts in record["held_out"][key].items()
    ]
    return CARD.format(
        **record | record["settings"],
        seed=record["seeds"]["training"],
        images=record["settings"]["steps"] * record["settings"]["batch"],
        shared=" beside other work" if record["beside_other_work"] else "",
        held=", ".join(HELD_OUT),
        parts=", ".join(f"{name} x {weight:g}" for name, weight in WEIGHTS.items()),
        second=record["known"]["second_on_drawings"],
        instead="\n".join(lines),
    )


@click.command(help=__doc__.split("\n")[0])
@click.option("--output", type=click.Path(path_type=Path), help="Folder to write; default: the package's weights.")
@click.option("--steps", default=STEPS, show_default=True, help="Batches.")
@click.option("--batch", default=BATCH, show_default=True, help="Images a batch.")
@click.option("--seed", default=0, show_default=True, help="Seed of weights, batches and noise.")
@click.option("--shared", is_flag=True, help="Note on the card that the machine had other work too.")
def main(output: Path | None, steps: int, batch: int, seed: int, shared: bool) -> None:
    output = output or Path(__file__).parents[1] / "featviz_helpers" / "models" / "weights"
    output.mkdir(parents=True, exist_ok=True)
    wall, cpu = time.perf_counter(), time.process_time()
    encoder, generator = train(steps, batch, seed)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    finish(output, encoder, generator, seconds, {"steps": steps, "batch": batch}, seed, shared)


def finish(output, encoder, generator, seconds, settings, seed, shared) -> None:
    """Measure, and write weights, record and card."""
    part = output / "part.weights.h5"
    whole(encoder, generator).save_weights(part)
    content = part.read_bytes()
    part.unlink()
    codes = codes_of(encoder, draw(3000, CODE_SEED, SIZE, KNOWN).images)
    record = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "generator_parameters": generator.count_params(),
        "encoder_parameters": encoder.count_params(),
        **measure(encoder, generator),
        "seeds": {"training": seed, "codes": CODE_SEED, "test_images": TEST_SEED, "judge": JUDGE_SEED},
        "training_seconds": round(seconds[0], 1),
        "training_cpu_seconds": round(seconds[1], 1),
        "cores": cpu_count(),
        "beside_other_work": shared,
        "settings": settings | {"weights": WEIGHTS, "blocks": BLOCKS, "learning_rate": LEARNING_RATE},
        "code_mean": codes.mean(axis=0).round(4).tolist(),
        "code_sigma": np.maximum(codes.std(axis=0), 1e-3).round(4).tolist(),
    }
    for name, text in (("weights.h5", content), ("json", _lines(record)), ("md", card(record).encode())):
        with replacing(output / f"shapes_prior.{name}") as file:
            file.write_bytes(text)
    click.echo(json.dumps({name: record[name] for name in ("known", "held_out")}, indent=1))


def _lines(record: dict) -> bytes:
    return (json.dumps(record, indent=None).replace('", "', '",\n"') + "\n").encode()


if __name__ == "__main__":
    main()
