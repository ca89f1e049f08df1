"""Every process of Airflow loads the plugin; only the one that serves the page may pay for it."""

import json
import subprocess
import sys

from signalq_billing.devstack.home import PROJECT

CODE = """
import json, runpy, sys, time
import airflow.plugins_manager
began = time.process_time()
plugin = runpy.run_path("plugins/signalq_billing_plugin.py")["SignalqBillingPlugin"]
heavy = [name for name in ("fastapi", "signalq_billing.web.app", "openpyxl", "pyarrow", "yt") if name in sys.modules]
(view,), (app,) = plugin.external_views, plugin.fastapi_apps
print(json.dumps([time.process_time() - began, heavy, view["href"], view["destination"], app["url_prefix"]]))
"""


def test_the_plugin_is_registered_and_costs_nothing_until_the_page_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seconds, *told = json.loads(done.stdout.splitlines()[-1])
    assert told == [[], "/signalq/", "nav", "/signalq"]
    assert seconds < 0.9
