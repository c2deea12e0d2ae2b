# Five million characters of code.
#! class = "notebook"
#! repeat = ["x = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'\n", 1, 60000]
#! status = "ungradable"
