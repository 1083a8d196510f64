# weft_lint(<target>…): defined with the coroutine lint.
