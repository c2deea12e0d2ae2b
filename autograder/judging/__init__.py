"""Comparing evidence: pure functions."""
