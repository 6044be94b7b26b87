"""The public board: a small page for phones, and the picture of the stages that it asks for every two seconds."""
