# Elements, attributes and handlers in what is printed.
#! class = "readers"
#! seen = ["failed"]
#! hollow = true

# %% after setup
print("<script>document.title='CANARY-SCRIPT';fetch('http://127.0.0.1:@PORT@/')</script>")
print("</pre></details><img src=x onerror=\"document.title='CANARY-SCRIPT'\">")
print("<svg/onload=document.title='CANARY-SCRIPT'><iframe srcdoc=\"<script>parent.document.title='CANARY-SCRIPT'</script>\">")
print("<meta http-equiv=refresh content='0;url=http://127.0.0.1:@PORT@/'><base href=//attacker.example><link rel=stylesheet href=//attacker.example>")
print("{{ 7 * 7 }} {% raw %} ${7*7} <!--#exec cmd='id'--> ]]> --> javascript:alert(1)")
