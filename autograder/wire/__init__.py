"""What crosses the wall between the grader and student code."""
