"""What the appliance tells its nodes, and what it makes of what they tell of themselves."""
