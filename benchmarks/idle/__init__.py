"""What reconcile costs while there is nothing to do."""
