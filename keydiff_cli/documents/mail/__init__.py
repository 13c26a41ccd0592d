"""Mail: single messages, folders of them, and what is attached."""
