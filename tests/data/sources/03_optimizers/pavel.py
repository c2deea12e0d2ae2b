# The upload broke off in the middle of the file.
#: rest = "bao"
#: executed = true
#: keep = 0.5
