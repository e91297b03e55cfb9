"""One page that compares all results with the reports, made from the committed files only."""

from keras_vae.experiments.page.entries import PageError, read_results
from keras_vae.experiments.page.readme import renew_readme
from keras_vae.experiments.page.rendering import figure_names, list_notes, write

__all__ = ["PageError", "figure_names", "list_notes", "read_results", "renew_readme", "write"]
