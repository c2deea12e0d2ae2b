# Two hundred cells, each of which prints as much as one may.
#! class = "limits"
#! seen = ["stub"]
#! says = ["all cells together printed too much"]
#! repeat = ["print('w' * 65_000)", 200]
