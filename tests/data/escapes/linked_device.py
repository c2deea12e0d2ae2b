# A link to a device that never ends.
#! class = "notebook"
#! link = "/dev/zero"
#! status = "ungradable"
