"""What a device gives: images checked, gradients checked and speed measured, piece by piece."""
