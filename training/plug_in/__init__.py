"""Labelled recordings with what a plug-in's sensor measured during them in, what makes fusion heed it out."""
