"""The interventions: how each kind of violation meddles with the running world.

Every class says what severity s measures. Lengths that depend on the thing are in its radius r, that of the sphere
around it. `right` is the camera's horizontal right at the onset, turned so that it points into the picture.
"""
