"""Owns the pinned Kubo: go.mod and go.sum name every module of it, build.py builds it."""
