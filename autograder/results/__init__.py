"""What grading says, as plain data, and its record."""
