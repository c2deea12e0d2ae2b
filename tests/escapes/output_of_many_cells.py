# Two hundred cells, each of which prints as much as one may.
#! class = "limits"
#! repeat = ["print('w' * 65_000)", 200]
