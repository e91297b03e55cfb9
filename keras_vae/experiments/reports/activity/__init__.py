"""The report "Latent Space Activity and Visualization": its runs, its plots and its claims."""
