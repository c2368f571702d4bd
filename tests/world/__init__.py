"""The test world: a small internet of real programs for the appliance. See README.md."""
