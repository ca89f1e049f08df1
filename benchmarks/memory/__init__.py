"""Whether what a process holds grows with cameras and days."""
