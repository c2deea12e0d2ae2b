# Two slips: the content's target pulls back (CC5); the style is a mean over the layers (NS8b).
#: rest = "ada"

# %% content_cost
def content_cost(aC, aG):
    return ops.mean((aC - aG) ** 2) / 4

# %% style_cost
def style_cost(maps_S, maps_G, lambdas):
    costs = [w * style_layer_cost(s, g) for w, s, g in zip(lambdas, maps_S, maps_G)]
    return sum(costs) / len(costs)
