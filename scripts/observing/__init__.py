"""A simulated population, what becomes public of it, and an observer who tries to read it."""
