# A student's name that a page runs.
#! class = "readers"
#! file = "<img src=x onerror=document.title='CANARY-SCRIPT'>"
