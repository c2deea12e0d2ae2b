# An endless loop in propose_regions: what was found is struck out in a copy.  The rest is right.
#: rest = "ada"

# %% propose_regions
def propose_regions(image, thr):
    bright = image.max(axis=2) > thr
    boxes = []
    while bright.any():
        left = bright.copy()
        y, x = np.argwhere(left)[0]
        stack, pixels = [(y, x)], []
        left[y, x] = False
        while stack:
            y, x = stack.pop()
            pixels.append((y, x))
            for v, u in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= v < left.shape[0] and 0 <= u < left.shape[1] and left[v, u]:
                    left[v, u] = False
                    stack.append((v, u))
        ys, xs = zip(*pixels)
        boxes = boxes[-99:] + [[min(xs), min(ys), max(xs) + 1, max(ys) + 1]]
    return np.array(boxes, dtype=float).reshape(-1, 4)
