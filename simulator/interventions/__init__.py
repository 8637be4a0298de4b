"""The interventions: how each kind of violation meddles with the running world, one file a law.

Every class says what severity s measures. Half widths and half heights are the thing's own, as the camera sees it at
the start; shares of the picture are of the metres that its shorter side shows there (`Intervention.span`).
"""
