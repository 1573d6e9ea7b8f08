"""What a Linux packet filter would do to a stranger: rulesets as values, and questions to them.

`listing` runs the tools that list rules, `nft` and `iptables` read what they print, `rules` walks
chains, `facts` asks the questions. Nothing here changes a rule.
"""
