# The same with a command, and with the separators of other languages.
#! class = "readers"
#! seen = ["note", "stub"]
#! file = "+cmd|'-c calc'!A0;\t@SUM(1+1)*cmd"
