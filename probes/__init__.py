"""What a video is asked: perception, and probes that score what it saw."""
