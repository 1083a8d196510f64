"""The HTTP/1.1 servers that can be compared, and how each is started with one worker."""

from contextlib import ExitStack
from pathlib import Path

from process import Server, free_port

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers"

# Every limit that would end a connection under load is out of the way; one worker, no access log.
NGINX_CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/pid;
error_log {directory}/error.log warn;
events {{ worker_connections 16000; multi_accept on; use epoll; }}
http {{
  access_log off;
  default_type text/plain;
  tcp_nodelay on;
  keepalive_requests 2000000000;
  keepalive_timeout 3600s;
  client_header_timeout 3600s;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "Hello, World!"; }}
  }}
}}
"""


def binary(name):
    return str(PEERS / "bin" / name)


def weft(program, port):
    return [program, "--port", str(port), "--workers", "1"]


def raw(_, port):
    return [binary("epoll_raw"), "--port", str(port)]


def hyper(_, port):
    return [binary("hyper_h1"), "--port", str(port), "--workers", "1"]


def hyper_local(_, port):
    return [binary("hyper_h1"), "--port", str(port), "--workers", "0"]


def hyper_timeouts(_, port):
    return [*hyper(_, port), "--timeouts", "on"]


def beast(_, port):
    return [binary("beast_server"), "--port", str(port)]


def nginx(_, port):
    directory = PEERS / "run" / f"nginx-{port}"
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(directory=directory, port=port))
    return [binary("nginx"), "-p", str(directory), "-c", str(config)]


# name -> (command of (weft's program, port), what bench/peers/build.sh calls it)
SERVERS = {
    "weft": (weft, None),
    "raw_epoll": (raw, "raw"),
    "hyper": (hyper, "hyper"),
    "hyper_local": (hyper_local, "hyper"),
    "hyper_timeouts": (hyper_timeouts, "hyper"),
    "nginx": (nginx, "nginx"),
    "beast": (beast, "beast"),
}
DEFAULT_PEERS = ["raw_epoll", "hyper", "hyper_local", "nginx", "beast"]


def start(name, weft_program, cpus):
    """A running Server of that name on a free port."""
    logs = PEERS / "run"
    logs.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command, _ = SERVERS[name]
    return Server(name, command(weft_program, port), port, cpus, logs / f"{name}.log")


def start_all(stack: ExitStack, names, weft_program, cpus):
    return {name: stack.enter_context(start(name, weft_program, cpus)) for name in names}


def start_echoes(stack: ExitStack, names, weft_program, options):
    """The servers of `bench io`, by name: of one worker, or (`_all`) with a worker on each CPU."""
    programs = {
        "echo_raw": [binary("echo_raw")],
        "weft": [weft_program, "--workers", "1"],
        "tokio": [binary("tokio_echo"), "--workers", "1"],
        "weft_all": [weft_program],
        "tokio_all": [binary("tokio_echo")],
    }
    logs = PEERS / "run"
    logs.mkdir(parents=True, exist_ok=True)
    running = {}
    for name in names:
        cpus = options.all_cpus if name.endswith("_all") else options.server_cpus
        port = free_port()
        command = [*programs[name], "--port", str(port)]
        running[name] = stack.enter_context(Server(name, command, port, cpus, logs / f"{name}.log"))
    return running
