# More cells than anybody writes.
#! class = "notebook"
#! repeat = ["1", 6000]
#! status = "ungradable"
