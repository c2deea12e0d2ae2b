# Magics that run files, other languages and programs, and change IPython.
#! class = "notebook"
#! seen = ["cell raised", "stub"]

# %% after setup
%%writefile answers.py
print("CANARY-RUN" if False else "run")
# %% after setup
%run answers.py
%load_ext autoreload
%autoreload 2
%alias evil touch @FOLDER@/CANARY-ALIAS
evil
%env SEED
%pip install evil
%config InteractiveShell.ast_node_interactivity = 'all'
# %% after setup
%%javascript
document.title = "CANARY-SCRIPT"
# %% after setup
%%perl
system("touch @FOLDER@/CANARY-PERL")
