"""PhyWorld's three set-ups in small: discs that move by one law, learned from video and measured."""
