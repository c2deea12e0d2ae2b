# A student's name that is a device of Windows.
#! class = "readers"
#! seen = ["stub"]
#! file = "CON"
