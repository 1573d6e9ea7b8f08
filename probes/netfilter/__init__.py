"""What a Linux packet filter would do to a stranger: rulesets as values, and questions to them.

`nft` and `iptables` read what the tools print; `rules` walks chains; `facts` asks the questions.
Nothing here runs a program or changes a rule.
"""
