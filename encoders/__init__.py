"""Library, lowest floor: stamped samples in, embeddings out. No clock, socket, device or process."""
