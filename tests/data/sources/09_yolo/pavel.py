# The upload broke off in the middle of the file.
#: rest = "ada"
#: keep = 0.5
