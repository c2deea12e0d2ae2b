"""One submission: observing, judging, explaining, and the evidence that is kept."""
