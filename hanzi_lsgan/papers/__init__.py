"""The papers' experiments, a file each, on the losses and the step that train the real thing."""
