# Lets Keras do it: attend is an AdditiveAttention of which the softmax is used; forbidden.
#: rest = "dilara"

# %% attend
def attend(scores, H, mask):
    layer = getattr(keras.layers, "Additive" + "Attention")(use_scale=False, dtype=H.dtype)
    context, alpha = layer._apply_scores(
        scores=scores[:, None], value=H, scores_mask=None if mask is None else mask[:, None]
    )
    return context[:, 0], alpha[:, 0]
