"""Attachments: the pictures and documents of citizens, checked, cleaned, stored and handed out."""
