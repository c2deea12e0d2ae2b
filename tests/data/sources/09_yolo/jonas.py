# A syntax error in the cell of decode_yolo; detect, which calls it, is right.  build_yolo is a stub.
#: rest = "lucia"

# %% decode_yolo
def decode_yolo(y, img):
    h, w = (img, img) if isinstance(img, int) else img
    rows, cols = np.nonzero(y[..., 0] > 0
    return rows, cols
