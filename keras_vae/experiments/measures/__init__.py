"""Measures that several figures share."""
