"""What all contestants train: sizes, batch and optimiser of the report's Section 3."""

PIXELS = 784
HIDDEN_UNITS = 200
LATENT_DIM = 50
BATCH_SIZE = 100
# A multiple of the batch, of the VampPrior that is timed.
PSEUDO_INPUTS = 500

# Rows and columns of each kernel. This order is the one in which weights are handed over.
LAYERS = {
    "encoder_0": (PIXELS, HIDDEN_UNITS),
    "encoder_1": (HIDDEN_UNITS, HIDDEN_UNITS),
    "loc": (HIDDEN_UNITS, LATENT_DIM),
    "log_variance": (HIDDEN_UNITS, LATENT_DIM),
    "decoder_0": (LATENT_DIM, HIDDEN_UNITS),
    "decoder_1": (HIDDEN_UNITS, HIDDEN_UNITS),
    "logits": (HIDDEN_UNITS, PIXELS),
}

LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.9, 1e-4
