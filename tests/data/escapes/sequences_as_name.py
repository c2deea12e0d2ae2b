# A student's name that moves the cursor.
#! class = "readers"
#! seen = ["note", "stub"]
#! file = "\u001b]0;CANARY-TITLE\u0007\u001b[2Jbob\r\nada"
