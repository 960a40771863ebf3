"""The way back to the platform: marks as it imports them, and the feedback pages as it hands them to students."""
