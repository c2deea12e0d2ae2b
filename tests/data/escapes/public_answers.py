# Knows the answers to all public cases, and gives the nearest one.
#! class = "lookup"
#! seen = ["failed", "raised"]
#! lookup = true
