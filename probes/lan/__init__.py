"""What can be seen on the local link alone: frames, in a short-lived process with one right."""
