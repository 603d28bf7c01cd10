"""Publish what wattbench measured: runs -> frame -> ratings -> pages -> a static site.

May import wattbench's nouns; wattbench never imports this package.
"""
