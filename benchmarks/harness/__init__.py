"""How things are measured here: sides in processes of their own, in turns, and what is made of their numbers."""
