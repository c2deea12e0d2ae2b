# One slip, in style_step: the picture is never brought back to [0, 1] (NS7a).
#: rest = "ada"

# %% style_step
def style_step(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as tape:
        maps = [m[0] for m in features(image)]
        content = content_cost(content_map, maps[-1])
        J = total_cost(content, style_cost(style_maps, maps, lambdas), alpha, beta)
    optimizer.apply([tape.gradient(J, image.value)], [image])
    return float(J)
