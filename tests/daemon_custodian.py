"""A custodian as a process of its own, for tests that kill it: prints its URL and serves."""

PROGRAM = """
import sys, time, os
from pathlib import Path
from werkzeug.serving import make_server
from app.adapters.access_log import SqliteAccessLog
from app.adapters.deployment import load
from app.adapters.rpc import Rpc
from app.adapters.witnesses import Witnesses
from app.core.keys import PrivateKey
from app.services.custodian import LocalCustodian, Registry
from app.web.custodian import create_custodian_app

deployment_file, url, key, log = sys.argv[1:]
deployment = load(Path(deployment_file))
clock = lambda: int(time.time())
witnesses = Witnesses([Rpc(url)], deployment, most_block_age=0, clock=clock)
custodian = LocalCustodian(
    name="a custodian",
    key=PrivateKey(bytes.fromhex(Path(key).read_text())),
    registries=[Registry(domains=deployment.domains, witnesses=witnesses)],
    log=SqliteAccessLog(Path(log)),
    clock=clock,
    random=os.urandom,
)
server = make_server("127.0.0.1", 0, create_custodian_app(custodian, version="test"), threaded=True)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
"""
