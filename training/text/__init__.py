"""Public text corpora in, the shipped text encoder and its section of the model card out."""
