"""A simulated month: the real crawl and cleaning against a local web whose every state is a function of time."""
