"""Pictures and papers that citizens attach: checked, cleaned, kept, handed out again."""
