"""What the families are made of: random draws, words, materials and rooms, things, motion, cameras."""
