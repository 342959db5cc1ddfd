"""What citizens entrust: sealed, shown only with a reason that is told, destroyed on demand."""
