"""How good remote lessons were, and whether they were held, from readings of the minutes."""
