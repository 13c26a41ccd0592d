"""Questions that follow each other: a conversation, a chat, saved chats."""
