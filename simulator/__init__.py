"""Worlds, and models of worlds: scenes, scripts, the stage that plays them, and video models."""
