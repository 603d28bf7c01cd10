"""Badges: the stars of one result as a picture for elsewhere, true to what is known of it today.

A Face is all that a badge shows; `flat`, `label` and `endpoints` draw it; `pictures` names the files of a whole site.
"""
