"""Static pages made from the results store: regression, leaderboard, failures."""
