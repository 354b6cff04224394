"""The JSON API, version 1; one module for each thing that it speaks of."""
