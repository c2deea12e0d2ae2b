# Four hundred cells that fail.
#! class = "limits"
#! repeat = ["raise ValueError('m' * 2000)", 400]
