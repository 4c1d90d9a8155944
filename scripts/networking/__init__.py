"""A private network of three geth nodes that take turns to seal blocks, and what is tried on it."""
