"""What the `fuse` pass is made of: which calls share a task, its settings, and its function."""
