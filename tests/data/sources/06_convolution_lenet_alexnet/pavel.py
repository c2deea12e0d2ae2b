# A file that was cut off while it was uploaded.
#: rest = "dilara"
#: keep = 0.6
