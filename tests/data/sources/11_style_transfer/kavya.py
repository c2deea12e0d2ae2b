# One slip, in style_step: the style of the last layer only (NS10b).
#: rest = "ada"

# %% style_step
def style_step(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as tape:
        last = features(image)[-1][0]
        style = lambdas[-1] * style_layer_cost(style_maps[-1], last)
        J = total_cost(content_cost(content_map, last), style, alpha, beta)
    optimizer.apply([tape.gradient(J, image.value)], [image])
    image.assign(ops.clip(image, 0, 1))
    return float(J)
