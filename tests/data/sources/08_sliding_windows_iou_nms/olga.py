# Two slips: convolutionalise pads (SW4), and multiclass_nms forgets the threshold (NM7).
#: rest = "ada"

# %% convolutionalise
def convolutionalise(model):
    layers = [keras.Input((None, None, model.input_shape[-1]))]
    weights = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Flatten):
            shape = layer.input.shape[1:]
            continue
        if isinstance(layer, keras.layers.Dense):
            kernel, b = dense_to_conv(*layer.get_weights(), tuple(shape))
            new = keras.layers.Conv2D(
                layer.units, tuple(shape[:2]), padding="same", activation=layer.activation
            )
            layers.append(new)
            weights += [kernel, b]
            shape = (1, 1, layer.units)
        else:
            layers.append(layer.__class__(**layer.get_config()))
            weights += layer.get_weights()
    result = keras.Sequential(layers)
    result.set_weights(weights)
    return result

# %% multiclass_nms
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    everything = []
    for c in sorted(set(classes)):
        where = np.nonzero(classes == c)[0]
        everything += [where[i] for i in nms(boxes[where], scores[where], iou_thr, None)]
    return sorted(everything, key=lambda i: -scores[i])
