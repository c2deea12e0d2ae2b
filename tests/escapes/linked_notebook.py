# A link to somebody else's notebook.
#! class = "notebook"
#! link = "@NEIGHBOUR@"
#! status = "ungradable"
