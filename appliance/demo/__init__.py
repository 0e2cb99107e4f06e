"""A plant in a box: factory, machines, rules and simulated nodes."""
