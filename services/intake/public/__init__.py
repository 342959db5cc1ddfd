"""Public demands: lists and single demands as everybody may read them."""
