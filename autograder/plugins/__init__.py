"""Other tools that this one works with, each known to its own package alone."""
