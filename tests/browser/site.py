"""Owns where the pages' tests find their node: it is the one of the pictures and measurements."""

from scripts.site import Site, running_site

__all__ = ["Site", "running_site"]
