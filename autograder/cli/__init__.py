"""The command line: parses options, calls what does the work, prints."""
