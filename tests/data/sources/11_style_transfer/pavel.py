# The upload broke off after half of the file.
#: rest = "ada"
#: keep = 0.5
