# Everything right, close to the text; handed in with outputs.
#: executed = true

# %% content_cost
def content_cost(aC, aG):
    n_H, n_W, n_C = aC.shape
    aC = ops.stop_gradient(aC)
    return ops.sum((aC - aG) ** 2) / (4 * n_H * n_W * n_C)

# %% gram_matrix
def gram_matrix(a):
    n_H, n_W, n_C = a.shape
    v = ops.transpose(ops.reshape(a, (n_H * n_W, n_C)))
    return ops.matmul(v, ops.transpose(v))

# %% style_layer_cost
def style_layer_cost(aS, aG):
    n_H, n_W, n_C = aS.shape
    GS = gram_matrix(aS)
    GG = gram_matrix(aG)
    return ops.sum((GS - GG) ** 2) / (4 * n_C**2 * (n_H * n_W) ** 2)

# %% style_cost
def style_cost(maps_S, maps_G, lambdas):
    J = 0
    for aS, aG, weight in zip(maps_S, maps_G, lambdas):
        J += weight * style_layer_cost(aS, aG)
    return J

# %% total_cost
def total_cost(J_content, J_style, alpha, beta):
    return alpha * J_content + beta * J_style

# %% style_step
def style_step(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as tape:
        maps = features(image)
        maps = [m[0] for m in maps]
        J = total_cost(
            content_cost(content_map, maps[-1]),
            style_cost(style_maps, maps, lambdas),
            alpha,
            beta,
        )
    grad = tape.gradient(J, image.value)
    optimizer.apply([grad], [image])
    image.assign(ops.clip(image, 0, 1))
    return float(J)
