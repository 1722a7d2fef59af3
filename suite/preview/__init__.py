"""What a gate would ask, shown before anybody pays for it; without a model. May import all but the plugin."""
