"""What is asked: the scene that cases are drawn from, and the strategies that draw them.

May import `settings` and `outcome`.
"""
