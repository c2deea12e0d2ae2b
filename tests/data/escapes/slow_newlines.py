# Is four million empty lines.
#! class = "notebook"
#! slow = "newlines"
#! status = "ungradable"
#! says = ["more than 200,000 lines"]
