# A pipe that nobody writes to.
#! class = "notebook"
#! pipe = true
#! status = "ungradable"
