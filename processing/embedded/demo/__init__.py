"""The stories and page templates of the demo web: invented, own words."""
