# A kernel that is a command, a language that is another, and a unit that is a path.
#! class = "notebook"
#! seen = ["stub"]
#! metadata = { kernelspec = { name = "touch @FOLDER@/CANARY-KERNEL", argv = ["sh"], display_name = "<script>" }, autograder = { unit = "../../../etc" }, language_info = { name = "bash" } }
