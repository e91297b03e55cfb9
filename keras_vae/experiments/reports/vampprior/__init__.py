"""What the figures of "Project: Large VAE" show and claim."""
