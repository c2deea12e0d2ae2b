"""Gradients on whichever backend of Keras is loaded: computing them, and defining them.

Runs in the student's process.  A framework is imported only by the function that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# torch's operations whose derivative is 0 wherever it exists.  torch passes zeros through them,
# TensorFlow and JAX nothing, and checks distinguish "no gradient" from "a gradient of 0".
_FLAT = frozenset({"RoundBackward0", "FloorBackward0", "CeilBackward0", "TruncBackward0"})

Tensors = Sequence[Any]


def pulled_back(
    f: Callable[..., Tensors], inputs: Tensors, weigh: Callable[[Tensors], Tensors]
) -> list[Any]:
    """Return the gradients of the weighted sum of a function's results.

    Args:
        f: Takes as many tensors as there are inputs and returns tensors.
        inputs: Tensors, of any shape and dtype.
        weigh: Takes the results and returns for each a tensor of weights, of its shape and dtype.

    Returns:
        For each input a tensor of its shape, or None where no gradient reaches it.
    """
    found: list[Any] = _on(_PULLED_BACK)(f, inputs, weigh)
    return found


def with_gradient(
    forward: Callable[..., Tensors], backward: Callable[..., Tensors]
) -> Callable[..., Tensors]:
    """Return `forward` as a function whose gradient is computed by `backward`.

    Args:
        forward: Takes tensors with values and returns tensors.
        backward: Takes a tensor of weights for each result, of its shape, and returns for each
            argument of `forward` its gradient, or None.
    """
    through: Callable[..., Tensors] = _on(_WITH_GRADIENT)(forward, backward)
    return through


def trainer(
    model: Any, loss: Callable[[Any, Any], Any], optimizer: Any
) -> Callable[[Any, Any], float]:
    """Return what does one step of training; see `probes.training_step`."""
    optimizer.build(model.trainable_variables)
    step: Callable[[Any, Any], float] = _on(_TRAINER)(model, loss, optimizer)
    return step


def _on(found: dict[str, Callable[..., Any]]) -> Any:
    import keras

    return found[keras.backend.backend()]


def is_floating(tensor: Any) -> bool:
    """Return whether a tensor is of a dtype that has gradients."""
    import keras

    return bool(keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype)))


# ------------------------------------------------------------------------------------ TensorFlow


def _pulled_back_tensorflow(f: Any, inputs: Tensors, weigh: Any) -> list[Any]:
    import tensorflow as tf

    wanted = [x for x in inputs if is_floating(x)]
    with tf.GradientTape() as tape:
        for tensor in wanted:
            tape.watch(tensor)
        results = f(*inputs)
        weights = weigh(results)
    gradients = iter(tape.gradient(list(results), wanted, output_gradients=list(weights)))
    found = [next(gradients) if is_floating(x) else None for x in inputs]
    return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in found]


def _with_gradient_tensorflow(forward: Any, backward: Any) -> Any:
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def through(*inputs: Any) -> Any:
        return list(forward(*inputs)), backward

    return through


def _trainer_tensorflow(model: Any, loss: Any, optimizer: Any) -> Any:
    import tensorflow as tf

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True)) + sum(model.losses)
        variables = model.trainable_variables
        if variables:
            optimizer.apply(tape.gradient(value, variables), variables)
        return value

    graph = tf.function(step, autograph=False)
    return lambda x, y: float(graph(tf.convert_to_tensor(x), tf.convert_to_tensor(y)))


# ------------------------------------------------------------------------------------------- JAX


def _pulled_back_jax(f: Any, inputs: Tensors, weigh: Any) -> list[Any]:
    """Find out which inputs a gradient reaches by a rule behind each: JAX itself gives zeros."""
    import jax

    floating = [index for index, x in enumerate(inputs) if is_floating(x)]
    reached: set[int] = set()

    def watched(index: int) -> Any:
        same = jax.custom_vjp(lambda x: x)

        def back(_: None, cotangent: Any) -> Any:
            if isinstance(cotangent, jax.custom_derivatives.SymbolicZero):
                return (None,)
            reached.add(index)
            return (cotangent,)

        same.defvjp(lambda x: (x.value, None), back, symbolic_zeros=True)
        return same

    def watching(*wanted: Any) -> Any:
        every = list(inputs)
        for index, x in zip(floating, wanted, strict=True):
            every[index] = watched(index)(x)
        results = list(f(*every))
        return [result for result in results if is_floating(result)], results

    _, back, results = jax.vjp(watching, *[inputs[index] for index in floating], has_aux=True)
    weights = zip(results, weigh(results), strict=True)
    gradients = back([weight for result, weight in weights if is_floating(result)])
    found = dict(zip(floating, gradients, strict=True))
    return [found[index] if index in reached else None for index in range(len(inputs))]


def _with_gradient_jax(forward: Any, backward: Any) -> Any:
    import jax

    through: Any = jax.custom_vjp(lambda *inputs: list(forward(*inputs)))
    through.defvjp(
        lambda *inputs: (list(forward(*inputs)), None),
        lambda _, cotangents: tuple(backward(*cotangents)),
    )
    return through


def _trainer_jax(model: Any, loss: Any, optimizer: Any) -> Any:
    import jax

    def loss_of(trainable: Any, fixed: Any, x: Any, y: Any) -> Any:
        output, fixed, losses = model.stateless_call(
            trainable, fixed, x, training=True, return_losses=True
        )
        return loss(y, output) + sum(losses), fixed

    def step(trainable: Any, fixed: Any, state: Any, x: Any, y: Any) -> Any:
        gradient = jax.value_and_grad(loss_of, has_aux=True)
        (value, fixed), gradients = gradient(trainable, fixed, x, y)
        if trainable:
            trainable, state = optimizer.stateless_apply(state, gradients, trainable)
        return value, (trainable, fixed, state)

    compiled = jax.jit(step)

    def stepped(x: Any, y: Any) -> float:
        variables = (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
        )
        value, after = compiled(*[[v.value for v in group] for group in variables], x, y)
        for group, values in zip(variables, after, strict=True):
            for variable, new in zip(group, values, strict=True):
                variable.assign(new)
        return float(value)

    return stepped


# ----------------------------------------------------------------------------------------- torch


def _pulled_back_torch(f: Any, inputs: Tensors, weigh: Any) -> list[Any]:
    import torch

    leaves = [x.detach().requires_grad_() if is_floating(x) else x for x in inputs]
    with torch.enable_grad():  # within another function's gradient it is off
        results = f(*leaves)
    weights = zip(results, weigh(results), strict=True)
    sent = [(result, weight) for result, weight in weights if result.requires_grad]
    reached = _reached_torch([result for result, _ in sent])
    wanted = [leaf for leaf in leaves if id(leaf) in reached]
    if not wanted:
        return [None] * len(leaves)
    found = torch.autograd.grad(
        [result for result, _ in sent],
        wanted,
        grad_outputs=[weight for _, weight in sent],
        allow_unused=True,
    )
    gradients = dict(zip(map(id, wanted), found, strict=True))
    return [gradients.get(id(leaf)) for leaf in leaves]


def _reached_torch(results: Tensors) -> set[int]:
    """Return the ids of the tensors that the gradient of some result reaches."""
    found = {id(result) for result in results if result.grad_fn is None}
    waiting = [result.grad_fn for result in results]
    seen = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen or node.name() in _FLAT:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        waiting += [other for other, _ in node.next_functions]
    return found


def _with_gradient_torch(forward: Any, backward: Any) -> Any:
    import torch

    class Through(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(_: Any, *inputs: Any) -> Any:
            return tuple(forward(*inputs))

        @staticmethod
        def backward(_: Any, *weights: Any) -> Any:
            return tuple(backward(*weights))

    return Through.apply


def _trainer_torch(model: Any, loss: Any, optimizer: Any) -> Any:
    import keras
    import torch

    def step(x: Any, y: Any) -> float:
        x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        value = loss(y, model(x, training=True)) + sum(model.losses)
        variables = model.trainable_variables
        if variables:
            gradients = torch.autograd.grad(
                value, [variable.value for variable in variables], allow_unused=True
            )
            with torch.no_grad():
                optimizer.apply(gradients, variables)
        return float(value.detach())

    return step


_PULLED_BACK = {
    "tensorflow": _pulled_back_tensorflow,
    "jax": _pulled_back_jax,
    "torch": _pulled_back_torch,
}
_WITH_GRADIENT = {
    "tensorflow": _with_gradient_tensorflow,
    "jax": _with_gradient_jax,
    "torch": _with_gradient_torch,
}
_TRAINER = {"tensorflow": _trainer_tensorflow, "jax": _trainer_jax, "torch": _trainer_torch}
