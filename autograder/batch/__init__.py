"""A class: slots, results as they come, clusters, regrading, reports as files."""
