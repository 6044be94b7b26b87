"""What a person checks a camera with: its pictures, with every face marked as it was scored."""
