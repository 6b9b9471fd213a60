"""The guard in surroundings that don't help: poolers, standbys, small roles, full disks, late servers, cut networks."""
