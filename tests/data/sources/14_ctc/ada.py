# Everything right, close to the text; the training, too.
#: rest = "chen"
#: executed = true

# %% train_crnn
def train_crnn(model, X, Y, epochs, batch_size, lr):
    longest = max(len(y) for y in Y)
    labels = np.array([[k + 1 for k in y] + [0] * (longest - len(y)) for y in Y])
    model.compile(loss=keras.losses.CTC(), optimizer=keras.optimizers.Adam(learning_rate=lr))
    fitted = model.fit(X, labels, epochs=epochs, batch_size=batch_size, verbose=0)
    return list(fitted.history["loss"])
