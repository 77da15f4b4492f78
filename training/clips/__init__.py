"""Recorded clips and their label tables in; labelled clips, and what the live encoders make of each, out."""
