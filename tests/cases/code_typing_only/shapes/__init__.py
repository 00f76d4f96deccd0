"""A package of two modules that mention one another in annotations."""
