# A truncated file.
#: rest = "ada"
#: keep = 0.6
