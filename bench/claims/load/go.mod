module agentsandbox/bench/claims/load

go 1.26.0
