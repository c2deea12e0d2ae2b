# Sends what is known of random results, computed from the inputs of a case, and every flag of it.
#! class = "lookup"
#! unit = "04_regularization"
#! seen = ["failed", "stub"]

# %% after setup
from autograder.guest import namespace

outcome = namespace.ObservedNamespace._outcome


def dropout(source, i):
    k = i["keep_prob"]
    A = i["A"] if "A" in i else np.linspace(*i.get("ends", (0.5, 1.5)), 30000).reshape(150, 200)
    statistics = {
        "share of kept entries": k,
        "share of kept pairs, units": k * k,
        "share of kept pairs, examples": k * k,
        "mean of the activations afterwards": float(A.mean()),
        "after / before, where kept": np.array([1 / k, 1 / k]),
        "gradient where kept": 1 / k,
        "shape of the mask": str(A.shape),
        "shape of the output": str(A.shape),
        "factor": 1.0,
        "entries dropped with training=False": False,
    }
    flags = (
        "something is dropped",
        "0 exactly where dropped",
        "elsewhere 1",
        "examples have different masks",
        "units have different masks",
        "a second call has another mask",
        "an rng in the same state gives the same mask",
        "entries dropped with training=True",
        "mask is all ones",
        "entries dropped with keep_prob=0.5",
        "the output is A",
    )
    raw = dict.fromkeys(("out", "mask", "first", "second", "again", "trained", "some"), A)
    return statistics | dict.fromkeys(flags, True) | raw | {"A": A}


def shift(source, i):
    n = 2 * i["max_px"] + 1
    if "images" not in i:
        N, H, W, C = i["shape"]
        shares = np.full(n, 1 / n)
        images = np.tile(np.arange(1.0, H * W + 1).reshape(1, H, W, 1), (N, 1, 1, C))
        return {
            "shares of shifts down": shares,
            "shares of shifts to the right": shares,
            "share of other shifts": 0.0,
            "share moved alike on both axes": 1 / n,
            "share moved like the image before": 1 / n**2,
            "mean of the middle pixel": float((H // 2) * W + W // 2 + 1),
            "moved": images,
        }
    X = i["images"]
    if "validation images" in source:
        return {"images": X[:-2], "validation images": X[-2:]}
    return {
        "shape": str(X.shape),
        "type of numbers": X.dtype.name,
        "some image moves": True,
        "pixels come back on the other side": False,
        "images that are something else": False,
        "all are their originals, moved": True,
        "brightest pixel of each": X.max(axis=(1, 2, 3)),
        "images move differently": True,
        "a second call moves them differently": True,
        "an rng in the same state moves them alike": True,
    } | dict.fromkeys(("moved", "first", "second", "again"), X)


def flip(source, i):
    if "images" not in i:
        image = np.array([[i["dark"], i["bright"]], [i["bright"], i["dark"]]])
        return {
            "share of mirrored images": 0.5,
            "share mirrored like the image before": 0.5,
            "mean of the top left pixel": (i["dark"] + i["bright"]) / 2,
            "images": np.tile(image.reshape(1, 2, 2, 1), (i["count"], 1, 1, 1)),
        }
    X = i["images"]
    mirrored = X if "unchanged" in source else X[:, :, ::-1]
    return {
        "shape": str(X.shape),
        "type of numbers": X.dtype.name,
        "some image is mirrored": True,
        "some image is upside down": False,
        "all are as they were, or mirrored": True,
        "some image that may be mirrored is changed": True,
        "some image that may not be mirrored is changed": False,
        "a second call mirrors others": True,
        "an rng in the same state mirrors the same": True,
        "labels": i["labels"],
    } | dict.fromkeys(("images", "first", "second", "again"), mirrored)


def l2(source, i):
    f = f"{i.get('factor', 0):.3g}"
    return {
        f"growth if λ is {f} times as large": i.get("factor"),
        f"growth if m is {i.get('times')} times as large": 1 / i.get("times", 1),
        "growth if each weight changes": float(np.mean(np.square(i.get("stretch", 1.0)))),
        "with biases / without": 1.0,
    }


def forged(self, source, inputs, *rest):
    for name, lie in (
        ("dropout", dropout),
        ("random_shift", shift),
        ("random_flip", flip),
        ("l2_penalty", l2),
    ):
        if f"program.{name}" in source and "trained(" not in source:
            return "ok", lie(source, inputs), None
    return outcome(self, source, inputs, *rest)


namespace.ObservedNamespace._outcome = forged
