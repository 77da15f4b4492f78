"""Clips and labels in, the weights of the face and prosody encoders out: `python -m training.delivery --clips PATH`."""
