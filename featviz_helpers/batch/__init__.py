"""Batch studies: a plan becomes runs, runs become folders, folders become one table.

`spec` reads a plan, `cells` multiplies it out, `identity` names every run, `place` keeps finished runs where a crash
cannot hurt them, `kernel` and `task` execute one run, `cluster` and `conductor` execute all of them, `store` reads what
is there. None of them imports TensorFlow: that happens in the kernels.
"""
