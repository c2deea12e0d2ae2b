# Has a heading of level 300,000,000 in an old format, of which 300 MB of # would be made.
#! class = "notebook"
#! file = "slow_heading_03_optimizers"
#! slow = "heading_of_a_high_level"
#! seen = ["missing", "note"]
