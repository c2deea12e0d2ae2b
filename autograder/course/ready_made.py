"""What would answer an exercise by itself: for `Exercise.forbids`.

Functions and classes are named where a name says more to students than an operation would; modules
and patterns of operations cover what has no entry here.  Operations are those of TensorFlow and the
primitives of JAX.
"""

from __future__ import annotations

_SLIDING = (
    "scipy.signal",
    "scipy.ndimage",
    "skimage.filters",
    "skimage.measure",
    "PIL.ImageFilter",
)
_CONVOLUTION_OPS = ("op:conv", "op:*conv[123]d*", "op:xlaconv*", "op:conv_general*")

# Also the gradient of another one, and those of one dimension, row by row.  Who multiplies Fourier
# transforms has written the convolution out.
CONVOLUTIONS = (
    "keras.ops.conv",
    "keras.layers.Conv2D",
    "tensorflow.nn.conv2d",
    "tensorflow.nn.convolution",
    "keras.src.layers.convolutional",
    *_SLIDING,
    "numpy.convolve",
    "numpy.correlate",
    *_CONVOLUTION_OPS,
)
# Also as a convolution with equal weights, a dilation, or a smaller picture.
POOLINGS = (
    "keras.ops.max_pool",
    "keras.ops.average_pool",
    "keras.layers.MaxPooling2D",
    "keras.layers.AveragePooling2D",
    "tensorflow.nn.pool",
    "tensorflow.nn.max_pool2d",
    "tensorflow.nn.avg_pool2d",
    "keras.src.layers.pooling",
    *_SLIDING,
    *_CONVOLUTION_OPS,
    "op:*pool*",
    "op:*reduce_window*",
    "op:*reducewindow*",
    "op:dilation2d*",
    "op:resize*",
)
NORMALISATIONS = (
    "keras.layers.BatchNormalization",
    "keras.ops.batch_normalization",
    "tensorflow.nn.batch_normalization",
    "keras.src.layers.normalization",
    "keras.src.layers.preprocessing.normalization",
    "sklearn.preprocessing",
    "scipy.stats",
    "op:*batchnorm*",
)
RECURRENCES = (
    *(
        f"keras.layers.{name}"
        for name in ("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell")
    ),
    "keras.src.layers.rnn",
    "keras.src.backend.tensorflow.rnn",
    "keras.src.backend.jax.rnn",
    "keras.src.backend.torch.rnn",
    "jax.experimental.rnn",
    "op:*lstm*",
    "op:*gru*",
    "op:*rnn*",
)
ATTENTIONS = (
    *(f"keras.layers.{name}" for name in ("AdditiveAttention", "Attention", "MultiHeadAttention")),
    "keras.ops.dot_product_attention",
    "keras.src.layers.attention",
    "op:*attention*",
)
OVERLAPS = (
    "keras.utils.bounding_boxes.compute_iou",
    "keras.src.layers.preprocessing.image_preprocessing.bounding_boxes",
    "sklearn.metrics",
)
SUPPRESSIONS = (
    "tensorflow.image.non_max_suppression",
    "tensorflow.image.non_max_suppression_padded",
    "tensorflow.image.non_max_suppression_with_scores",
    "tensorflow.image.combined_non_max_suppression",
    "op:*nonmaxsuppression*",
    "op:*boundingboxproposals*",
)
CTC_LOSSES = (
    "keras.ops.ctc_loss",
    "keras.losses.CTC",
    "keras.losses.ctc",
    "tensorflow.nn.ctc_loss",
    "tensorflow.compat.v1.nn.ctc_loss",
    "tensorflow.raw_ops.CTCLoss",
    "tensorflow.raw_ops.CTCLossV2",
    "tensorflow.python.ops.ctc_ops",
    "op:*ctc*",
)
CTC_DECODERS = (
    "keras.ops.ctc_decode",
    "tensorflow.nn.collapse_repeated",
    "tensorflow.nn.ctc_greedy_decoder",
    "tensorflow.nn.ctc_beam_search_decoder",
    "tensorflow.raw_ops.CTCGreedyDecoder",
    "tensorflow.raw_ops.CTCBeamSearchDecoder",
    "tensorflow.python.ops.ctc_ops",
    "op:*ctc*",
)
