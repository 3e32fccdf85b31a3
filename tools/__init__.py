"""Programs for the makers of Glimpse; the site does not need them."""
