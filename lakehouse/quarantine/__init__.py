"""What was refused: listed, shown, decided after all when the cause is gone, and sent on."""
