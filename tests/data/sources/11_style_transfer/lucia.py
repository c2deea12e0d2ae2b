# An endless loop in style_cost: the counter is never raised.
#: rest = "ada"

# %% style_cost
def style_cost(maps_S, maps_G, lambdas):
    J, layer = 0.0, 0
    while layer < len(lambdas):
        J = J + lambdas[layer]
    return J
