# The upload broke off after three quarters of the file.
#: rest = "ada"
#: executed = true
#: keep = 0.75
