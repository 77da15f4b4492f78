"""Speech weights on this machine: what there is to pull, where it is kept, and how it gets there whole."""
