"""What runs on a node: accepting and settling statements, and releasing shares of keys."""
