"""Rules and the state machine that turns readings into alerts: pure, no input or output."""
