"""The Frey Faces data set as a TensorFlow dataset."""
