"""What several tests share; `places` says where things lie."""
