"""`worldassay verify`: a submission is a stranger's, and what it says is computed again from its clips."""
