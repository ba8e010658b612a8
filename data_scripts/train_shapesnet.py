"""Train ShapesNet on Shapes and write its weights, its measurements and its model card.

    python data_scripts/train_shapesnet.py
    python data_scripts/train_shapesnet.py --plain
    python data_scripts/compare_twins.py

The second command trains the twin, ShapesNet-plain: the same start, data and recipe without the adversarial noise. The
third adds to its card what that changes.

The recipe wants channels that are clean to look at AND alive:

* Each batch is drawn afresh, so nothing can be learned by heart.
* Adversarial training makes gradients, and so ascent images, look like what the network sees (Tsipras et al.,
  "Robustness may be at odds with accuracy", 2019). Two steps from a random start cost two extra passes; the radius
  grows from zero over the first part of the training.
* Adversarial training alone silences channels on anything unlike the data, such as the weak noise that ascent
  starts from. A few such noise images ride along in each batch, unlabelled, and each channel pays for a mean
  pre-activation below a small margin on them.
* Label smoothing keeps the class scores from growing without end.

Afterwards batch-norm statistics are measured again on clean images, and one channel of mixed2 changes places
with channel 0, because the course opens with that channel: see `choose_example`.
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
import tensorflow as tf
from featviz_helpers.common.files import replacing
from featviz_helpers.common.provenance import cpu_count
from featviz_helpers.data.frequencies import frequency_grid
from featviz_helpers.data.shapes import CLASS_KEY, CLASSES, draw
from featviz_helpers.models.shapesnet import BRANCHES, build
from keras import layers
from tqdm import tqdm

TRAIN_SEED, CALIBRATION_SEED, TEST_SEED = 10_000_000, 20_000_000, 30_000_000  # of Shapes; apart by design
QUIET_IMAGES = 8  # weak-noise images that ride along in each batch
QUIET_AMPLITUDE = 0.1
QUIET_MARGIN = 0.05  # in units of the pre-activation's standard deviation
ATTACK_STEPS = 2
RAMP = 0.7  # share of the batches over which the radius grows
SMOOTHING = 0.1
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2


def train(steps: int, batch: int, epsilon: float, seed: int) -> keras.Model:
    """Train a fresh network on `steps` batches; epsilon is the largest change of a pixel (white is 1), 0 for none."""
    keras.utils.set_random_seed(seed)
    model = build()
    normalised = [layer.output for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    probe = keras.Model(model.input, [model.output, *normalised])
    loss_of = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
    rate = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE / 20, steps, alpha=0.02, warmup_target=LEARNING_RATE, warmup_steps=max(1, steps // 10)
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    def attack(images, targets, radius):
        change = tf.random.uniform(tf.shape(images), -radius, radius)
        for _ in range(ATTACK_STEPS):
            with tf.GradientTape() as tape:
                tape.watch(change)
                loss = loss_of(targets, model(images + change, training=True))
            change = tf.clip_by_value(change + 0.8 * radius * tf.sign(tape.gradient(loss, change)), -radius, radius)
        return tf.clip_by_value(images + change, -1.0, 1.0)

    @tf.function
    def step(images, labels, radius):
        targets = tf.one_hot(labels, len(CLASSES))
        images += tf.random.normal(tf.shape(images)) * tf.random.uniform((batch, 1, 1, 1), 0, 0.1)
        images = attack(images, targets, radius) if epsilon else images
        quiet = tf.random.uniform((QUIET_IMAGES, *images.shape[1:]), -QUIET_AMPLITUDE, QUIET_AMPLITUDE)
        with tf.GradientTape() as tape:
            logits, *levels = probe(tf.concat([images, quiet], axis=0), training=True)
            loss = loss_of(targets, logits[:batch])
            silence = [tf.nn.relu(QUIET_MARGIN - tf.reduce_mean(level[batch:], (0, 1, 2))) for level in levels]
            total = loss + tf.reduce_mean([tf.reduce_mean(s) for s in silence])
        optimizer.apply_gradients(
            zip(tape.gradient(total, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    with tqdm(total=steps, desc="training", unit="batch") as bar:
        for number in range(steps):
            shapes = draw(batch, seed=TRAIN_SEED + 1_000_000_000 * seed + number)
            radius = epsilon * min(1.0, number / (RAMP * steps))
            loss = step(shapes.images, shapes.labels, tf.constant(radius, tf.float32))
            bar.update()
            if number % 20 == 0:
                bar.set_postfix(loss=f"{float(loss):.3f}")
    return model


def calibrate(model: keras.Model, batches: int = 40) -> None:
    """Measure the batch-norm statistics again, on clean images: the running ones saw adversarial batches."""
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    momentum = norms[0].momentum
    for number in range(batches):
        for norm in norms:
            norm.momentum = number / (number + 1)  # a running mean with equal weights
        model(draw(128, seed=CALIBRATION_SEED + number).images, training=True)
    for norm in norms:
        norm.momentum = momentum


def responses(model: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    """Spatial mean of each channel of `layer`: (N, C)."""
    return _in_batches(keras.Model(model.input, layers.GlobalAveragePooling2D()(model.get_layer(layer).output)), images)


def _in_batches(model: keras.Model, images: np.ndarray, batch: int = 250) -> np.ndarray:
    parts = [model(images[i : i + batch], training=False) for i in range(0, len(images), batch)]
    return np.concatenate([part.numpy() for part in parts])


def weak_noise(count: int, seed: int, size: int = 96) -> np.ndarray:
    """Uniform noise in [-0.1, 0.1], (count, size, size, 3): what ascent starts from."""
    return np.random.default_rng(seed).uniform(-0.1, 0.1, (count, size, size, 3)).astype(np.float32)


def ascend(model: keras.Model, layer: str, channels: list[int], steps: int = 128, seed: int = 0) -> np.ndarray:
    """Plain activation maximisation, one image a channel, no regulariser: (channels, 96, 96, 3)."""
    trunk = keras.Model(model.input, model.get_layer(layer).output)
    images = tf.Variable(np.repeat(weak_noise(1, seed), len(channels), axis=0))
    optimizer = keras.optimizers.Adam(0.05)
    ids = tf.constant(channels)[:, None]

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            score = tf.reduce_sum(tf.gather(tf.reduce_mean(trunk(images), (1, 2)), ids, batch_dims=1))
        slope = tape.gradient(score, images)
        return -slope / (tf.math.reduce_std(slope, (1, 2, 3), keepdims=True) + 1e-12)

    for _ in range(steps):
        optimizer.apply([gradient()], [images])
        images.assign(tf.clip_by_value(images, -1.0, 1.0))
    return images.numpy()


def energy_near(image: np.ndarray, key: dict, width_deg: float = 20) -> float:
    """Share (0 to 1) of the spectral energy from lines within `width_deg` and a third of the key's own frequencies."""
    grey = image.mean(axis=-1)
    power = np.abs(np.fft.fft2((grey - grey.mean()) * np.outer(*[np.hanning(len(grey))] * 2))) ** 2
    row, column = frequency_grid(*grey.shape, real=False)
    away = (np.degrees(np.arctan2(column, row)) - key["orientation_deg"] + 90) % 180 - 90
    low, high = key["frequency_band_cpp"]
    frequency = np.hypot(row, column)
    inside = (np.abs(away) < width_deg) & (frequency > low * 2 / 3) & (frequency < high * 4 / 3)
    return float(power[inside].sum() / power.sum())


def choose_example(model: keras.Model, by_picture: bool, layer: str = "mixed2") -> dict:
    """The channel of the layer's first branch to open with.

    Candidates respond to the weak-noise start and prefer, by mean response over 4,000 images, a class of
    stripes. The winner has the largest selectivity, (best - other) / (best + other) of the mean responses, where other
    is the mean over all other classes. With `by_picture` that is multiplied by the share of its ascent image's spectral
    energy within 20 degrees of the orientation, and near the frequencies, that the key gives for that class.
    """
    shapes = draw(4000, seed=TEST_SEED)
    response = responses(model, layer, shapes.images)[:, : BRANCHES[layer][0]]
    by_class = np.array([response[shapes.labels == label].mean(axis=0) for label in range(len(CLASSES))])
    best, starts = by_class.argmax(axis=0), responses(model, layer, weak_noise(4, seed=1)).min(axis=0) > 0
    candidates = [c for c, k in enumerate(best) if starts[c] and CLASS_KEY[CLASSES[k]]["orientation_deg"] is not None]
    if not candidates:
        raise click.ClickException(f"no channel of the first branch of {layer} prefers stripes: try another --seed")

    found = []
    for channel, image in zip(candidates, ascend(model, layer, candidates), strict=True):
        name = CLASSES[best[channel]]
        top = by_class[best[channel], channel]
        other = (by_class[:, channel].sum() - top) / (len(CLASSES) - 1)
        share = energy_near(image, CLASS_KEY[name])
        selectivity = float((top - other) / (top + other))
        found.append({"was": channel, "class": name, "energy_share": share, "selectivity": selectivity})
    return max(found, key=lambda row: row["selectivity"] * (row["energy_share"] if by_picture else 1))


def exchange(model: keras.Model, layer: str, one: int, other: int) -> None:
    """Let two channels of a block's first branch change places; the network computes the same function."""

    def swapped(array, axis):
        order = np.arange(array.shape[axis])
        order[[one, other]] = order[[other, one]]
        return np.take(array, order, axis)

    first = model.get_layer(f"{layer}_b0_conv"), model.get_layer(f"{layer}_b0_bn")
    following = f"mixed{int(layer.removeprefix('mixed')) + 1}"
    for producer in first:
        producer.set_weights([swapped(w, -1) for w in producer.get_weights()])
    for consumer in ("b0", "b1_reduce", "b2_reduce", "b3"):
        conv = model.get_layer(f"{following}_{consumer}_conv")
        conv.set_weights([swapped(w, 2) for w in conv.get_weights()])


def measure(model: keras.Model) -> dict:
    """Accuracy and, for each block, how many channels are silent on the data and at an ascent's start."""
    test = draw(4000, seed=TEST_SEED)
    scores = _in_batches(model, test.images)
    accuracy = {"clean": float((scores.argmax(1) == test.labels).mean())}
    rng = np.random.default_rng(0)
    for sigma in (0.1, 0.2):
        noisy = test.images + rng.normal(0, sigma, test.images.shape).astype(np.float32)
        accuracy[f"noise_{sigma}"] = float((_in_batches(model, noisy).argmax(1) == test.labels).mean())
    correct = scores.argmax(1) == test.labels
    classes = {name: float(correct[test.labels == label].mean()) for label, name in enumerate(CLASSES)}

    blocks = {}
    for name in BRANCHES:
        on_data = responses(model, name, test.images).max(axis=0) > 0
        at_start = responses(model, name, weak_noise(4, seed=1)) > 0
        blocks[name] = {
            "channels": len(on_data),
            "dead": float(1 - on_data.mean()),
            "dead_start": float(1 - at_start.mean()),
        }
    return {"accuracy": accuracy, "accuracy_by_class": classes, "blocks": blocks}


# What the two cards do not share: title and purpose, the noise of the training, the rule for channel 0.
ROBUST = {
    "purpose": """# ShapesNet: model card

ShapesNet is the course's bundled network: InceptionV3 in miniature, trained on Shapes, so that every notebook
runs offline and every picture can be compared with an answer key.""",
    "noise": """\
Adversarial training with {attack_steps} random-start steps inside a box of {epsilon} (pixels run from -1
to 1), grown from zero over the first {ramp:.0%} of the batches; Gaussian""",
    "rule": """the one with the largest product of selectivity ({selectivity:.2f}) and of the
share of its plain ascent image's spectral energy within 20 degrees of the key's orientation and
near its frequencies ({energy_share:.2f}).""",
}
PLAIN = {
    "purpose": """# ShapesNet-plain: model card

ShapesNet-plain is the naive twin of [ShapesNet](shapesnet.md): the same architecture, the same weights at the start,
the same batches and the same recipe, without the adversarial noise. Only that sets the two apart.""",
    "noise": "No adversarial training. Gaussian",
    "rule": """the most selective one ({selectivity:.2f}). Its picture had no say:
{energy_share:.2f} of the spectral energy of its plain ascent image lies within 20 degrees of the key's orientation
and near its frequencies.""",
}
CARD = """{purpose}

| | |
|---|---|
| weights | `{name}.weights.h5`, {bytes:,} bytes |
| sha256 | `{sha256}` |
| parameters | {parameters:,} |
| input | images in [-1, 1], any size from 32 pixels up; trained at 64 |
| output | scores of {class_count} classes before softmax |
| command | `{command}` |
| training | {images:,} images in {steps:,} batches of {batch}, each drawn afresh |
| time | {minutes:.1f} minutes, {cpu_minutes:.1f} CPU minutes, on {cores} cores |

## Data
Shapes (`featviz_helpers/data/shapes.py`): {classes}.

Some classes differ by orientation alone, some by frequency alone (fine and coarse), some by hue alone (the
discs), some by outline alone (triangle, square, star, cross, crescent).

## Architecture
Two averages of 2 x 2 pixels, 5 x 5 convolution with stride 2, 3 x 3 convolution, pooling; five Inception
blocks with branches 1 x 1, 3 x 3, double 3 x 3, pool and 1 x 1; pooling before mixed2; global average, one
dense layer. Batch norm and ReLU follow each convolution. Channels by branch: {widths}.

## Training
{noise} noise of up to 0.1; label smoothing
{smoothing}; AdamW with a cosine schedule. {quiet_images} weak-noise images ride along in each batch, and
each channel pays for a mean pre-activation below {quiet_margin} on them, so that ascent from weak noise
finds a gradient. Batch-norm statistics were measured again on clean images.

Channel 0 of mixed2 was channel {was}: the two changed places after the training, which leaves the
network's function as it was. Rule: among the channels of the first branch that respond to weak noise and
prefer a class of stripes, {rule} It prefers **{example}**.

## Accuracy on 4,000 fresh images
| clean | noise 0.1 | noise 0.2 |
|---|---|---|
| {clean:.1%} | {noise1:.1%} | {noise2:.1%} |

Lowest by class: {lowest}.

## Channels
Live: active somewhere on one of those images. Starting: active somewhere on weak uniform
noise (0.1, 96 pixels, mean of four).

| block | channels | live | starting |
|---|---|---|---|
{rows}

## Limits
It knows {class_count} kinds of drawn pictures and nothing else: its scores on photographs mean
nothing, and its features are no stand-in for human perception. A class score is not a probability.
Colours in its ascent images carry meaning only where a class is defined by hue. The same command on another
machine gives other bytes, since sums are rounded in another order there.
"""


def write(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    with replacing(path) as part:
        part.write_bytes(content)


@click.command(help=__doc__.split("\n")[0])
@click.option("--output", type=click.Path(path_type=Path), help="Folder to write; default: the package's data folder.")
@click.option("--steps", default=2000, show_default=True, help="Batches.")
@click.option("--batch", default=64, show_default=True, help="Images a batch.")
@click.option("--epsilon", default=0.22, show_default=True, help="Adversarial radius.")
@click.option("--plain", is_flag=True, help="Without adversarial noise: ShapesNet-plain.")
@click.option("--seed", default=0, show_default=True, help="Seed of weights, batches and noise.")
def main(output: Path | None, steps: int, batch: int, epsilon: float, plain: bool, seed: int) -> None:
    epsilon = 0.0 if plain else epsilon
    output = output or Path(__file__).parents[1] / "featviz_helpers" / "models" / "weights"
    output.mkdir(parents=True, exist_ok=True)
    tf.config.experimental.enable_op_determinism()
    wall, cpu = time.perf_counter(), time.process_time()
    model = train(steps, batch, epsilon, seed)
    calibrate(model)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu

    example = choose_example(model, by_picture=not plain)
    before = model(draw(64, seed=TEST_SEED).images).numpy()
    exchange(model, "mixed2", 0, example["was"])
    np.testing.assert_allclose(model(draw(64, seed=TEST_SEED).images).numpy(), before, atol=1e-4)

    part = output / "part.weights.h5"
    model.save_weights(part)
    content = part.read_bytes()
    part.unlink()
    settings = {"steps": steps, "batch": batch, "epsilon": epsilon, "smoothing": SMOOTHING, "image_size": 64}
    settings |= {
        "attack_steps": ATTACK_STEPS if epsilon else 0,
        "ramp": RAMP,
        "quiet_images": QUIET_IMAGES,
        "quiet_amplitude": QUIET_AMPLITUDE,
        "quiet_margin": QUIET_MARGIN,
    }
    settings |= {"learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY}
    record = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parameters": model.count_params(),
        "classes": list(CLASSES),
        **measure(model),
        "mixed2_channel_0": example,
        "seeds": {"training": seed, "test_images": TEST_SEED},
        "training_seconds": round(seconds, 1),
        "training_cpu_seconds": round(cpu_seconds, 1),
        "cores": cpu_count(),
        "settings": settings,
    }
    name = name_of(record)
    write(output / f"{name}.weights.h5", content)
    write(output / f"{name}.json", (json.dumps(record, indent=2) + "\n").encode())
    write(output / f"{name}.md", card(record).encode())
    click.echo(f"accuracy {record['accuracy']['clean']:.3f}, {seconds / 60:.1f} minutes, {output}")


def name_of(record: dict) -> str:
    """The network's name, as `load_model` takes it."""
    return "shapesnet" if record["settings"]["epsilon"] else "shapesnet_plain"


def card(record: dict) -> str:
    """The model card of a training record, as Markdown."""
    settings, accuracy, example = record["settings"], record["accuracy"], record["mixed2_channel_0"]
    own = {key: text.format(**settings | example) for key, text in (ROBUST if settings["epsilon"] else PLAIN).items()}
    worst = sorted(record["accuracy_by_class"].items(), key=lambda item: item[1])[:4]
    rows = [
        f"| {name} | {b['channels']} | {1 - b['dead']:.1%} | {1 - b['dead_start']:.1%} |"
        for name, b in record["blocks"].items()
    ]
    noise = f"--epsilon {settings['epsilon']}" if settings["epsilon"] else "--plain"
    options = f"--steps {settings['steps']} --batch {settings['batch']} {noise}"
    return CARD.format(
        **record | settings | example | own | {"name": name_of(record), "classes": ", ".join(record["classes"])},
        class_count=len(record["classes"]),
        command=f"python data_scripts/train_shapesnet.py {options} --seed {record['seeds']['training']}",
        images=settings["steps"] * settings["batch"],
        minutes=record["training_seconds"] / 60,
        cpu_minutes=record["training_cpu_seconds"] / 60,
        example=example["class"],
        clean=accuracy["clean"],
        noise1=accuracy["noise_0.1"],
        noise2=accuracy["noise_0.2"],
        lowest=", ".join(f"{name} {value:.1%}" for name, value in worst),
        rows="\n".join(rows),
        widths=", ".join(f"{name} {'+'.join(map(str, branches))}" for name, branches in BRANCHES.items()),
    )


if __name__ == "__main__":
    main()
