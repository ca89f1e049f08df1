"""billing-orders over HTTP: the only package that knows SPEC section 8. `connect` makes a client."""

from signalq_billing.adapters.billing_orders.bearer import BearerAuth
from signalq_billing.adapters.billing_orders.client import BillingOrdersApi, connect

__all__ = ["BearerAuth", "BillingOrdersApi", "connect"]
