# Two slips: momentum takes the step with the old average (MO9), and minimise asks for the gradient
# twice (MI8).
#: rest = "bao"

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    return w - lr * v, v + (1 - beta1) * (dw - v)

# %% minimise
def minimise(step, grad_fn, w0, steps):
    points = [w0]
    for _ in range(steps):
        w = points[-1]
        print("|gradient| =", np.linalg.norm(grad_fn(w)))
        points.append(step(w, grad_fn(w)))
    return points
