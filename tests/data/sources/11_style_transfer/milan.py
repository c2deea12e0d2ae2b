# One slip, in gram_matrix: NumPy, through which no gradient comes (NS9); cells out of order.
#: rest = "ada"
#: executed = true
#: move = [["total_cost", "setup"]]

# %% gram_matrix
def gram_matrix(a):
    flat = np.reshape(np.array(a), (-1, a.shape[-1]))
    return ops.convert_to_tensor(flat.T @ flat)

# %% after check_content_cost
content_cost(content_picture, style_picture)  # of a cell above that I didn't run again

# %% note after check_gram_matrix
# **Question:** why is it called a correlation?
