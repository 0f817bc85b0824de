"""The product, one room for each feature; rooms never import each other."""
