# What Jupyter would show with scripts in it: HTML, JavaScript, widgets, SVG.
#! class = "notebook"
#! seen = ["stub"]

# %% after setup
from IPython.display import HTML, SVG, Javascript, display

display(HTML("<script>document.title='CANARY-SCRIPT'</script>"), Javascript("document.title='CANARY-SCRIPT'"))
display({"text/html": "<img src=x onerror=document.title='CANARY-SCRIPT'>", "text/plain": "<script>CANARY-X</script>"}, raw=True)
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"))
