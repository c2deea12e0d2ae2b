# A student's name that is the folder above.
#! class = "readers"
#! seen = ["note", "stub"]
#! file = "..%2f..%2f.."
