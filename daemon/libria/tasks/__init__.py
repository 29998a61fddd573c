"""Tasks that agents give: asked of a model, read, checked against their criteria, kept until they are heard of."""
