# One slip, in encode_deltas: shifts in sizes of the true box (RC3b); decode_deltas is right.
#: rest = "ada"

# %% encode_deltas
def encode_deltas(anchors, gt):
    deltas = np.empty((len(anchors), 4))
    for k in (0, 1):
        size, true = anchors[:, k + 2] - anchors[:, k], gt[:, k + 2] - gt[:, k]
        middle, wanted = anchors[:, [k, k + 2]].mean(axis=1), gt[:, [k, k + 2]].mean(axis=1)
        deltas[:, k] = (wanted - middle) / true
        deltas[:, k + 2] = np.log(true) - np.log(size)
    return deltas
