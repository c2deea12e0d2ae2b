# A link to somebody else's notebook.
#! class = "notebook"
#! seen = []
#! link = "@NEIGHBOUR@"
#! status = "ungradable"
