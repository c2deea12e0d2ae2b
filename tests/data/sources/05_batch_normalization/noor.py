# Wrong names, cells out of order, a cell of her own that fails; saved by Colab.
#: rest = "ada"
#: editor = "colab"
#: move = [["MyBatchNorm", "setup"]]

# %% batchnorm_backward whole
def batchNorm_backward(dZt, cache):
    z_norm = cache["z_norm"]
    dn = cache["gamma"] * dZt
    along = (dn * z_norm).mean(axis=1, keepdims=True)
    dZ = (dn - dn.mean(axis=1, keepdims=True) - z_norm * along) / np.sqrt(cache["var"] + cache["eps"])
    return dZ, (dZt * z_norm).sum(axis=1, keepdims=True), dZt.sum(axis=1, keepdims=True)

# %% after batchnorm_backward
batchnorm_backward(np.ones((2, 3)), {})

# %% note after setup
# My notes: **rows** are units, *columns* are examples.
