# Two slips: the content cost without its 4 (CC1); alpha and beta exchanged in total_cost (NS8).
#: rest = "ada"

# %% content_cost
def content_cost(aC, aG):
    return ops.mean((ops.stop_gradient(aC) - aG) ** 2)

# %% total_cost
def total_cost(J_content, J_style, alpha, beta):
    return ops.add(ops.multiply(alpha, J_style), ops.multiply(beta, J_content))
