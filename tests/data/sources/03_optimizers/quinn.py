# Saved the login page of the course's server under the notebook's name.
#: saved = """
#: <!DOCTYPE html>
#: <html><head><title>Sign in</title></head>
#: <body><form action="/login" method="post"><input name="username"></form></body></html>
#: """
