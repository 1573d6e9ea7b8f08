"""Who read which detail about persons or security; the product's own duty."""
