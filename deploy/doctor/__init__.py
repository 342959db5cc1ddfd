"""The checks of `huying doctor`: machine, broker, database and processes."""
