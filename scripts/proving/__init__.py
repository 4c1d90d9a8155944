"""The parts of `python -m scripts.prove`: each runs one tool on the contracts and says what came of it."""
