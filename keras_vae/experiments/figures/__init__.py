"""What every figure needs: options, runs by method, claims, results and plots."""
