"""YTsaurus as the source of camera activity: the statement a clique runs, and the reading of what it wrote."""
