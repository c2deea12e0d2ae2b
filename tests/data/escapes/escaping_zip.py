# A zip whose members lead out of it, by dots and by root.
#! class = "notebook"
#! zip = "../../CANARY-ZIP.ipynb"
#! status = "ungradable"
