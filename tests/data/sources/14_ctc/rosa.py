# One slip, in train_crnn: `fit` isn't told how many epochs (CT27).  The rest is right.
#: rest = "bao"

# %% train_crnn
def train_crnn(model, X, Y, epochs, batch_size, lr):
    targets = keras.utils.pad_sequences([[k + 1 for k in y] for y in Y], padding="post")
    model.compile(optimizer=keras.optimizers.Adam(lr), loss="ctc")
    return model.fit(X, targets, batch_size=batch_size, verbose=0).history["loss"]
