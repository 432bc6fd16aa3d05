"""Who a program is: tiny runs that tell which quirks, options and threads it has."""
