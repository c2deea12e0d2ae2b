"""Renderers: results in, text out; one module for each form, and none of them touches a disk."""
