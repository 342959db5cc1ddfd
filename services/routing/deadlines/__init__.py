"""What is due of a demand, and what is told when it is near, over, or paused long enough."""
