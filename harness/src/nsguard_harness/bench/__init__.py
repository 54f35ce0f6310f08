"""`make bench`: what nsguard takes, beside what it is compared with, as ratios of figures taken in turn."""
