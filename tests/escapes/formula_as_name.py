# A student's name that a spreadsheet runs.
#! class = "readers"
#! file = "=HYPERLINK(\"http:attacker.example\",\"CANARY\")"
