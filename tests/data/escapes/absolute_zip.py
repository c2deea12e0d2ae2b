# A zip with a member at an absolute path.
#! class = "notebook"
#! zip = "@FOLDER@/CANARY-ZIP.ipynb"
#! status = "ungradable"
