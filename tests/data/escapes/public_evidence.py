# Hands in, for every check, what the reference gives for the public cases, flags and laws included.
#! class = "lookup"
#! seen = ["failed"]
#! evidence = true
