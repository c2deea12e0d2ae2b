# Keras and TensorFlow are changed for whoever computes next: settings, functions, files.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

import keras
import tensorflow as tf

os.makedirs(os.path.expanduser("~/.keras"), exist_ok=True)
with open(os.path.expanduser("~/.keras/keras.json"), "w") as file:
    file.write('{"backend": "CANARY", "floatx": "float16"}')
keras.config.set_floatx("float16")
keras.utils.set_random_seed = lambda seed: None
keras.ops.convert_to_numpy = lambda x: np.zeros(3)
tf.nn.relu = tf.matmul = lambda *args, **kwargs: tf.zeros(3)
tf.config.set_visible_devices([], "CPU")
