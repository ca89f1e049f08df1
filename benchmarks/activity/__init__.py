"""Activity of a period out of millions of status events: ours, and what else gives the same answer."""
