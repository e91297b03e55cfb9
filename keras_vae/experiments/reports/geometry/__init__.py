"""What the figures of "An Explanatory Analysis of the Geometry of Latent Variables" share."""
