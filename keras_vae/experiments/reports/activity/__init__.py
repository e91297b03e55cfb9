"""What at least two figures of "Latent Space Activity and Visualization" share."""
