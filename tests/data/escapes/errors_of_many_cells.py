# Four hundred cells that fail.
#! class = "limits"
#! seen = ["cell raised", "stub"]
#! repeat = ["raise ValueError('m' * 2000)", 400]
