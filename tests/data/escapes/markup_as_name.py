# A student's name that a page runs.
#! class = "readers"
#! seen = ["stub"]
#! file = "<img src=x onerror=document.title='CANARY-SCRIPT'>"
