"""Programs that give built outputs to the targets' own tools. Each reads file names and prints a verdict for each."""
