"""Where each system keeps what it knows of its own updates: one file for each package manager.

`facts` is what they all answer with; `posture_updates` asks the one that is there. Nothing here
fetches or installs anything.
"""
