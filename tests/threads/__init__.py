"""Stories of fixtures/threads/, played against the real engine."""
