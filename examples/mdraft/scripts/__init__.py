"""What a deploy runs: predeploy.sh, then schema_guard.py in front of each process."""
