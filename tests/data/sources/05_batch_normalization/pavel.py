# The upload broke off.
#: rest = "ada"
#: keep = 0.6
