"""A package of two modules with a class of the same name."""
