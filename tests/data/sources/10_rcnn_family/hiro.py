# Two slips: corners of both grids are laid on each other (CR1); regions aren't scaled (RC5a).
# A third one: every example pulls at the SVMs' weights (SV8).
#: rest = "bao"

# %% crop_and_resize
def crop_and_resize(image, rois, size):
    h, w = (size, size) if isinstance(size, int) else size
    out = np.zeros((len(rois), h, w, image.shape[2]))
    for k, (x1, y1, x2, y2) in enumerate(rois.astype(int)):
        for i, y in enumerate(np.linspace(0, y2 - y1 - 1, h)):
            for j, x in enumerate(np.linspace(0, x2 - x1 - 1, w)):
                for dy in (0, 1):
                    for dx in (0, 1):
                        v, u = min(int(y) + dy, y2 - y1 - 1), min(int(x) + dx, x2 - x1 - 1)
                        part = abs(1 - dy - y % 1) * abs(1 - dx - x % 1)
                        out[k, i, j] += part * image[y1 + v, x1 + u]
    return out

# %% svm_loss
def svm_loss(W, b, X, Y, C):
    margins = Y * (X @ W + b)
    loss = 0.5 * (W * W).sum() + C * np.maximum(1 - margins, 0).sum(axis=1).mean()
    return loss, W - C * X.T @ Y / len(X), -C * Y.mean(axis=0)

# %% roi_max_pool
def roi_max_pool(feat, rois, out, scale):
    oh, ow = (out, out) if isinstance(out, int) else out
    pooled = np.zeros((len(rois), oh, ow, feat.shape[2]))
    for r, (x1, y1, x2, y2) in enumerate(np.round(rois).astype(int)):
        part = feat[y1:y2, x1:x2]
        if part.size == 0:
            part = feat[-1:, -1:]  # it lay outside of the map??
        for i in range(oh):
            for j in range(ow):
                rows = part[len(part) * i // oh : -(-len(part) * (i + 1) // oh)]
                width = part.shape[1]
                pooled[r, i, j] = rows[:, width * j // ow : -(-width * (j + 1) // ow)].max(axis=(0, 1))
    return pooled
