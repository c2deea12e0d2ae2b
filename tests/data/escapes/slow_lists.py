# Is 16 million empty lists, which take a gigabyte of memory.
#! class = "notebook"
#! slow = "empty_lists"
#! status = "ungradable"
#! says = ["takes more"]
