"""What must hold in every run of the workload `v1`: one module for each kind of thing that can go wrong."""
