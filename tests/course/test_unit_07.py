"""Unit 07: the reference against implementations that share nothing with it.

Independent are: blocks in NumPy, one place at a time; parameters counted by hand; the networks of
`keras.applications`, made but not trained; and, for what would be too large to make, published
counts.  What the unit says about Keras, and what its checks rely on, is tested as well.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance
from support.units import relu, world_of

from autograder.course.cases import draw
from autograder.course.unit import LoadedUnit
from autograder.guest import probes
from autograder.guest.worker import ProgramView

UNIT = "07_vgg_googlenet_resnet"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
ROUNDING = 1e-13  # normwise, in float64
rng = np.random.default_rng(7)


@pytest.fixture
def in_float64() -> Any:
    """Layers are made in float64 within the test."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


def model_of(block: Any, shape: tuple[int, ...], *args: Any) -> Any:
    """A model of one block, with weights that are all at work."""
    x = keras.Input(shape)
    model = keras.Model(x, block(x, *args))
    for layer in model.layers:
        layer.set_weights([rng.uniform(0.2, 1, w.shape) for w in layer.get_weights()])
        if hasattr(layer, "kernel"):
            layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    return model


def of_kind(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def conv_by_hand(x: Any, kernel: Any, bias: Any = 0.0, stride: int = 1) -> Any:
    """Zero padding by half the filter, one place at a time."""
    kernel = np.asarray(kernel)
    size = len(kernel)
    padded = np.pad(x, ((0, 0), (size // 2,) * 2, (size // 2,) * 2, (0, 0)))
    rows, columns = range(0, x.shape[1], stride), range(0, x.shape[2], stride)
    y = np.zeros((len(x), len(rows), len(columns), kernel.shape[-1]))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            window = padded[:, row : row + size, column : column + size]
            y[:, i, j] = np.tensordot(window, kernel, axes=3)
    return y + np.asarray(bias)


def pool_by_hand(x: Any, size: int, stride: int) -> Any:
    """The largest of each window that fits."""
    rows = range(0, x.shape[1] - size + 1, stride)
    columns = range(0, x.shape[2] - size + 1, stride)
    windows = [[x[:, i : i + size, j : j + size].max(axis=(1, 2)) for j in columns] for i in rows]
    return np.moveaxis(np.array(windows), 2, 0)


def normalised(x: Any, layer: Any) -> Any:
    gamma, beta, mean, variance = layer.get_weights()
    return gamma * (x - mean) / np.sqrt(variance + layer.epsilon) + beta


def test_vgg_block_by_hand(reference: SimpleNamespace, in_float64: None) -> None:
    model = model_of(reference.vgg_block, (6, 4, 3), 3, 5)
    x = y = rng.normal(size=(2, 6, 4, 3))
    for layer in of_kind(model, "Conv2D"):
        y = relu(conv_by_hand(y, layer.kernel, layer.bias))
    assert distance(model(x), pool_by_hand(y, 2, 2)) < ROUNDING


def test_inception_block_by_hand(reference: SimpleNamespace, in_float64: None) -> None:
    model = model_of(reference.inception_block, (5, 6, 3), 4, 2, 5, 6, 7, 8)
    by_shape = {tuple(layer.kernel.shape): layer for layer in of_kind(model, "Conv2D")}
    assert len(by_shape) == 6

    def conv(x: Any, *shape: int) -> Any:
        return relu(conv_by_hand(x, by_shape[shape].kernel, by_shape[shape].bias))

    x = rng.normal(size=(2, 5, 6, 3))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    branches = [
        conv(x, 1, 1, 3, 4),
        conv(conv(x, 1, 1, 3, 2), 3, 3, 2, 5),
        conv(conv(x, 1, 1, 3, 6), 5, 5, 6, 7),
        conv(pool_by_hand(padded, 3, 1), 1, 1, 3, 8),
    ]
    assert distance(model(x), np.concatenate(branches, axis=-1)) < ROUNDING


def test_identity_block_by_hand(reference: SimpleNamespace, in_float64: None) -> None:
    model = model_of(reference.identity_block, (4, 5, 3), 3)
    convs, norms = of_kind(model, "Conv2D"), of_kind(model, "BatchNormalization")
    x = rng.normal(size=(2, 4, 5, 3))
    y = relu(normalised(conv_by_hand(x, convs[0].kernel), norms[0]))
    y = normalised(conv_by_hand(y, convs[1].kernel), norms[1])
    assert distance(model(x), relu(x + y)) < ROUNDING


@pytest.mark.parametrize("stride", [1, 2])
def test_projection_block_by_hand(
    reference: SimpleNamespace, in_float64: None, stride: int
) -> None:
    """Odd sizes: there zero padding of one on each side is what Keras calls "same"."""
    model = model_of(reference.projection_block, (7, 5, 3), 4, stride)
    convs = {tuple(layer.kernel.shape): layer for layer in of_kind(model, "Conv2D")}
    norms = of_kind(model, "BatchNormalization")

    def conv_bn(x: Any, stride: int, *shape: int) -> Any:
        conv = convs[shape]
        (norm,) = (norm for norm in norms if norm.input is conv.output)
        return normalised(conv_by_hand(x, conv.kernel, stride=stride), norm)

    x = rng.normal(size=(2, 7, 5, 3))
    y = conv_bn(relu(conv_bn(x, stride, 3, 3, 3, 4)), 1, 3, 3, 4, 4)
    assert distance(model(x), relu(y + conv_bn(x, stride, 1, 1, 3, 4))) < ROUNDING


def test_a_zeroed_identity_block_is_relu_to_the_last_bit(reference: SimpleNamespace) -> None:
    model = model_of(reference.identity_block, (4, 5, 3), 3)
    last = of_kind(model, "BatchNormalization")[-1]
    last.set_weights([np.zeros(3), np.zeros(3), *last.get_weights()[2:]])
    x = rng.normal(size=(2, 4, 5, 3)).astype("float32")
    assert np.array_equal(probes.to_arrays(model(x)), relu(x))
    cotangent = rng.normal(size=x.shape).astype("float32")
    assert np.array_equal(probes.vjp(model, x, cotangent=cotangent)[0], cotangent * (x > 0))


def conv_count(channels: int, filters: int, size: int = 3, extra: int = 1) -> int:
    """Weights, and `extra` numbers for each filter: 1 for a bias, 2 for a batch normalisation."""
    return size * size * channels * filters + extra * filters


def test_parameters_of_the_small_networks_counted_by_hand(reference: SimpleNamespace) -> None:
    vgg = [(1, 16), (16, 16), (16, 32), (32, 32)]
    dense = (2 * 2 * 32 + 1) * 64 + 65 * 10
    model = reference.build_vgg_mini((8, 8, 1), 10)
    assert model.count_params() == sum(conv_count(*pair) for pair in vgg) + dense

    count, channels, after = conv_count(1, 16), 16, []
    for f1, f3r, f3, f5r, f5, fpool in [
        (8, 8, 12, 4, 6, 6), (12, 8, 16, 4, 8, 8), (14, 10, 20, 4, 10, 10), (16, 12, 24, 6, 12, 12),
    ]:  # fmt: skip
        count += sum(conv_count(channels, filters, 1) for filters in (f1, f3r, f5r, fpool))
        count += conv_count(f3r, f3) + conv_count(f5r, f5, 5)
        channels = f1 + f3 + f5 + fpool
        after.append(channels)
    assert after == [32, 44, 54, 64]
    alone = reference.build_googlenet_mini((8, 8, 1), 10, aux=False)
    assert alone.count_params() == count + (64 + 1) * 10
    whole = reference.build_googlenet_mini((8, 8, 1), 10)
    assert whole.count_params() == count + (64 + 1 + 44 + 1 + 54 + 1) * 10

    resnet = [(1, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 32), (32, 32)]
    trained = sum(conv_count(*pair, extra=2) for pair in resnet) + conv_count(16, 32, 1, extra=2)
    model = reference.build_resnet_mini((8, 8, 1), 10)
    found = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert found == trained + (32 + 1) * 10


def test_the_auxiliary_heads_change_no_prediction(reference: SimpleNamespace) -> None:
    whole = reference.build_googlenet_mini((8, 8, 1), 4)
    alone = reference.build_googlenet_mini((8, 8, 1), 4, aux=False)
    kernels = {tuple(w.shape): w for w in whole.weights if len(w.shape) == 2}
    assert sorted(shape[0] for shape in kernels) == [44, 54, 64]  # each head has its own
    convs = [of_kind(model, "Conv2D") for model in (whole, alone)]
    for one, other in zip(*convs, strict=True):
        other.set_weights(one.get_weights())
    dense = next(layer for layer in of_kind(whole, "Dense") if layer.kernel.shape[0] == 64)
    of_kind(alone, "Dense")[0].set_weights(dense.get_weights())
    x = rng.normal(size=(3, 8, 8, 1)).astype("float32")
    assert distance(alone(x), probes.to_arrays(whole(x)[0])) < 1e-6


def test_the_loss_of_the_heads(reference: SimpleNamespace) -> None:
    model = reference.build_googlenet_mini((8, 8, 1), 4)
    heads, labels = rng.dirichlet(np.ones(4), size=(3, 5)), np.array([0, 3, 1, 1, 2])
    main, *aux = (-np.log(head[np.arange(5), labels]).mean() for head in heads)
    loss = model.compute_loss(y=[labels] * 3, y_pred=probes.to_tensors(list(heads)))
    assert float(loss) == pytest.approx(main + 0.3 * sum(aux), rel=1e-6)


def test_vgg_16_in_full_size(reference: SimpleNamespace) -> None:
    net = reference.vgg16_layout()
    # torchvision's page of `vgg16`: num_params 138357544, 15.47 GFLOPS.  Too large to be made here.
    assert net.parameters == 138_357_544
    assert net.multiplications == pytest.approx(15.47e9, rel=1e-3)
    blocks = [stage for stage in net.stages if stage[0].startswith("block")]
    assert [stage[1] for stage in blocks] == [
        (112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512),
    ]  # fmt: skip
    # Without its dense layers it is small enough.
    model = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert sum(stage[2] for stage in blocks) == model.count_params()
    pools = of_kind(model, "MaxPooling2D")
    assert [layer.output.shape[1:] for layer in pools] == [stage[1] for stage in blocks]


def test_resnet_50_in_full_size(reference: SimpleNamespace) -> None:
    # torchvision's page of `resnet50`: num_params 25557032.
    assert reference.resnet50_layout().parameters == 25_557_032
    # The paper: 3.8 thousand million multiply-adds.
    assert reference.resnet50_layout().multiplications == pytest.approx(3.8e9, rel=0.02)
    # Keras gives its convolutions biases, and counts the moving averages.
    net = reference.resnet50_layout(bias=True, norm=4)
    model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(224, 224, 3))
    dense = 2049 * 1000
    assert net.parameters - dense == model.count_params()
    ends = {}
    for layer in model.layers:
        if found := re.match(r"conv(\d)_block\d+_out$", layer.name):
            ends[found[1]] = tuple(layer.output.shape[1:])
    assert list(ends.values()) == [stage[1] for stage in net.stages[1:5]]


def test_googlenet_in_full_size(reference: SimpleNamespace) -> None:
    net = reference.googlenet_layout()
    # The Caffe model of the paper, `bvlc_googlenet`, without and with the auxiliary heads.
    assert net.parameters == 6_998_552
    assert reference.googlenet_layout(aux=True).parameters == 13_378_280
    # torchvision's page of `googlenet`: num_params 6624904.  It has batch normalisation, no biases
    # but that of the dense layer, and 3 by 3 filters where the paper has 5 by 5.
    other = reference.googlenet_layout(largest=3, bias=False, norm=2)
    assert other.parameters == 6_624_904
    shapes = {stage[0]: stage[1] for stage in net.stages}
    assert shapes["module 3b"] == (28, 28, 480)
    assert shapes["module 4e"] == (14, 14, 832)
    assert shapes["module 5b"] == (7, 7, 1024)


def test_on_odd_sizes_only_strided_same_padding_is_explicit_padding() -> None:
    """What the checks of strides rely on."""
    kernel = rng.normal(size=(3, 3, 2, 4))
    for size, agree in ((7, True), (8, False)):
        x = rng.normal(size=(1, size, size, 2))
        same = keras.ops.conv(x, kernel, strides=2, padding="same")
        gap = distance(same, conv_by_hand(x, kernel, stride=2))
        assert (gap < ROUNDING) == agree


def test_keras_mends_a_normalisation_that_always_trains() -> None:
    """Why the checks call models without `training`."""
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inputs, training=True))
    x = rng.normal(2, 1, size=(6, 4)).astype("float32")
    assert np.abs(probes.to_arrays(model(x)).mean(axis=0)).max() < 1e-5
    assert np.abs(probes.to_arrays(model(x, training=False)).mean(axis=0)).max() > 0.5


def test_break_it_says_what_the_text_says(
    loaded: LoadedUnit, reference: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    (source,) = (cell.source for cell in loaded.cells if "def zeroed" in cell.source)
    exec(source, dict(vars(reference)))
    _, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    right, *others = ([float(value) for value in row[1:]] for row in rows)
    assert [row[0] for row in rows] == ["right", "A", "B", "plain"]
    assert right == [0, 0]
    assert min(min(distances) for distances in others) > 0.5


def test_a_wrong_block_costs_the_network_nothing(loaded: LoadedUnit) -> None:
    """Networks are judged on stand-ins: their checks see the same whatever the blocks do."""

    def wrong(x: Any, *args: Any) -> Any:
        raise ValueError("a wrong block")

    blocks = ("vgg_block", "inception_block", "identity_block", "projection_block")
    programs = []
    for broken in (False, True):
        names: dict[str, Any] = {}
        for _, source in loaded.reference.cells:
            exec(source, names)
        names |= dict.fromkeys(blocks, wrong) if broken else {}
        programs.append(ProgramView(names))
    judged = 0
    for exercise in loaded.unit.exercises:
        for check in exercise.checks:
            if not exercise.name.startswith("build_") or check.tries > 1:
                continue
            (case, *_) = draw(check, "stand-ins", loaded.name, exercise.name)
            world = world_of(check)
            right, other = (
                probes.to_arrays(world[check.name](program, **case.inputs)) for program in programs
            )
            for name, value in right.items():
                assert np.array_equal(value, other[name]), check.name
            judged += 1
    assert judged == 11
