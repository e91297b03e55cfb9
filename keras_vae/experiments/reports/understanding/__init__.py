"""Figures of "Understanding Variational Auto-Encoder"."""
