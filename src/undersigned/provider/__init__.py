"""A sign-on provider: how the operator names it (`terms`), and how it is asked (`asking`)."""
