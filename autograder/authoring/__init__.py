"""What authors of a course use: release, the proof of its checks, a course to begin with."""
