"""How a system is told to keep a program running: as text. Nothing here touches the system."""
