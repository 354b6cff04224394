"""What the site does, one module per activity, one function per use case.

Functions here open the transactions, ask the domain and write through the store. Time comes in as an
argument or through the site's clock; nothing here reads the environment or speaks HTTP.
"""
