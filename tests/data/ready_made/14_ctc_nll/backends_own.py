from keras.src.backend.tensorflow import nn


def ctc_nll(log_probs, labels, blank):
    target, output = np.array([labels], "int32"), log_probs[None].astype("float32")
    sizes = np.array([len(labels)], "int32"), np.array([len(log_probs)], "int32")
    return float(nn.ctc_loss(target, output, *sizes, mask_index=blank)[0])
