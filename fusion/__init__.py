"""Library: embeddings in, estimates out. No clock, socket, device or process."""
