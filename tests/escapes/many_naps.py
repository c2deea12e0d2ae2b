# Every cell sleeps for less than a cell may: together they would take hours.
#! class = "limits"
#! repeat = ["import time; time.sleep(1.5)", 100]
