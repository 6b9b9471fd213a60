"""The history of what apply did, in a table of the database itself; only where somebody switched it on."""
