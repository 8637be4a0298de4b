"""Perception: what is seen in a clip, computed once and shared by all probes."""
