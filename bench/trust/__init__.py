"""What one client that misbehaves costs everybody else."""
