"""The world model: a small diffusion transformer over spacetime patches."""
