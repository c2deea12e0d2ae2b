# A syntax error in the cell of the layer: a colon is missing.  The rest is right.
#: rest = "bao"

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    def build(self, input_shape):
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs, training=None)
        return self.gamma * inputs
