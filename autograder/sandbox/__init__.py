"""Running programs that nobody trusts: isolation, limits, and a pool of warm workers."""
