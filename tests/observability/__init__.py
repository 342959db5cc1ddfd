"""What watches the product: rules, dashboards, and the metrics that they ask for."""
