"""Thin commands around the app: set-up, checks, deployment, measurement."""
