# A student's name that is the folder above.
#! class = "readers"
#! file = "..%2f..%2f.."
