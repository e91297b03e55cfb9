"""What only this package uses: names and places here change without notice."""
