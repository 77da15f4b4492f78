"""Fits the few numbers of fusion to readings that their own encoders' training never saw."""
