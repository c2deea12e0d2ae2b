# Everything right but the last network; cells out of order, one of her own fails.
#: rest = "dilara"
#: executed = true
#: move = [["projection_block", "setup"], ["vgg_block", "check_inception_block"]]

# %% after check_identity_block
identity_block(keras.Input((4, 4, 3)), 5)  # as many filters as channels, it says

# %% note after check_projection_block
# **Question:** could the projection be 3 by 3 as well?
