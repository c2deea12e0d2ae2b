# The upload broke off in the middle of the file.
#: rest = "bao"
#: keep = 0.5
