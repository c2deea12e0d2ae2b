# The upload broke off after half of the file.
#: rest = "chen"
#: keep = 0.5
