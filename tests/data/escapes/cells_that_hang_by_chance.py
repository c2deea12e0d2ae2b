# Cells that hang now and then: each time they are run again, others do.
#! class = "limits"
#! seen = ["cell timeout", "stub|timeout"]
#! repeat = ["import os\nif os.urandom(1)[0] < 100:\n    while True: pass", 12]
