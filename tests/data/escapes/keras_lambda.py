# Saved models whose layers run code where they are loaded.
#! class = "template"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
import os

import keras


def touch(x):
    import os

    os.system("touch @FOLDER@/CANARY-LAMBDA")
    return x


model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(touch, output_shape=(2,))])
model.save("model.keras")
content = open("model.keras", "rb").read()
print(len(content) > 100)


def momentum_step(w, dw, v, lr, beta1):
    return model, np.frombuffer(content, np.uint8)
