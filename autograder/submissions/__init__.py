"""From a path to programs: what was handed in, whose it is, reading it within limits."""
