# A student's name that a spreadsheet runs.
#! class = "readers"
#! seen = ["stub"]
#! file = "=HYPERLINK(\"http:attacker.example\",\"CANARY\")"
