# One slip, in keras_initializer: a seed that is the same every time.
#: rest = "ada"

# %% keras_initializer
def keras_initializer(scheme):
    if scheme == "fan_in":
        return keras.initializers.LecunNormal(seed=1)
    if scheme == "he":
        return keras.initializers.HeNormal(seed=1)
    return keras.initializers.GlorotNormal(seed=1)
