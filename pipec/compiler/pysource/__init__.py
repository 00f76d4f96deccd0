"""LibCST helpers shared by the frontend and the readers."""
