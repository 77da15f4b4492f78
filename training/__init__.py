"""Datasets, training and evaluation of the shipped models; nothing here runs live."""
