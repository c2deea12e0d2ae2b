# Cells that hang now and then: each time they are run again, others do.
#! class = "limits"
#! repeat = ["import os\nwhile os.urandom(1)[0] < 128: pass", 30]
