# The same in the first unit: true flags, right shapes, errors of zero, and nothing that is computed.
#! class = "lookup"
#! seen = ["failed"]
#! unit = "01_two_layer_network"
#! evidence = true
