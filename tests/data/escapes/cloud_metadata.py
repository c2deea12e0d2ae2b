# The address at which clouds hand out credentials.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import urllib.request

token = urllib.request.urlopen("http://169.254.169.254/latest/meta-data/iam/security-credentials/", timeout=5).read()
print("CANARY-METADATA", token)
