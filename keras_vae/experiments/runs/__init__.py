"""What is computed once: specs, the run store, training, evaluation and sweeps."""
