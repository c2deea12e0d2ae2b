# Has 20,000 tags that are dicts, so that finding out whether they differ takes minutes.
#! class = "notebook"
#! file = "slow_tags_03_optimizers"
#! slow = "tags_that_are_dicts"
#! seen = ["missing", "note"]
