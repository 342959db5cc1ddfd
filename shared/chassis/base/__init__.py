"""What every room of the chassis needs: settings, time, logs, metrics, tokens."""
