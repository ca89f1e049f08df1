"""The submit/reconcile protocol on simulated storage, network and time; see docs/simulation.md."""
