# A syntax error in the cell of ctc_grad.  The rest is right but the training.
#: rest = "chen"

# %% ctc_grad
def ctc_grad(logits, labels, blank):
    log_y = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    l = ctc_extend(labels, blank
    return np.exp(log_y)
