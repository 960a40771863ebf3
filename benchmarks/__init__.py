"""Speed, as ratios between programs that ran side by side; never part of the tests."""
