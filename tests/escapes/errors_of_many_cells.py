# Four thousand cells that fail.
#! class = "limits"
#! repeat = ["raise ValueError('m' * 2000)", 1500]
