"""One page that compares all results with the reports, made from the committed files alone."""

from keras_vae.experiments.page.entries import PageError, read_results
from keras_vae.experiments.page.rendering import figure_table, renew_table, write

__all__ = ["PageError", "figure_table", "read_results", "renew_table", "write"]
