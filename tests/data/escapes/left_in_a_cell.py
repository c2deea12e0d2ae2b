# Ends the process from every cell, so that it starts again and again.
#! class = "limits"
#! seen = ["cell died", "cell timeout", "stub"]
#! repeat = ["import os; os._exit(0)", 20]
