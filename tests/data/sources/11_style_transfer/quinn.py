# The page of the course's login, saved under the notebook's name.
#: saved = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>...</form></body></html>\n"
