"""What runs in a student's own notebook: `check`, public cases, validation."""
