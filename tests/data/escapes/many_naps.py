# Every cell sleeps for less than a cell may: together they would take hours.
#! class = "limits"
#! seen = ["cell timeout", "timeout"]
#! says = ["All of it together took more than"]
#! repeat = ["import time; time.sleep(1.5)", 100]
