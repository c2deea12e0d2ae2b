# A student's name that is written from right to left, and has no width in places.
#! class = "readers"
#! seen = ["note", "stub"]
#! file = "ada\u202egnp.\u200bexe\u2028x"
