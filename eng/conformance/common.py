"""What the scripts here share: installing, counting, a world of one's own, and a store of three members."""
import json, os, shutil, signal, subprocess, sys, tempfile, time, urllib.error, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VECHE = f"{ROOT}/src/Veche.Cli/bin/Release/net10.0/veche"
HOME = "VECHE_CONFORMANCE_HOME"


def say(text):
    print(text, file=sys.stderr, flush=True)


def install(*wanted):
    """Debian's packages; nothing is started by installing them."""
    state = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *wanted], capture_output=True, text=True).stdout
    missing = [package for package in wanted if f"{package} install ok installed" not in state]
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    lock = ["-o", "DPkg::Lock::Timeout=600", "-qq"]
    subprocess.run(["apt-get", *lock, "update"], check=True, env=environment, stdout=subprocess.DEVNULL)
    subprocess.run(["apt-get", *lock, "install", "-y", "--no-install-recommends", *missing], check=True, env=environment, stdout=subprocess.DEVNULL)


def in_a_world_of_its_own(script, peer, prepare, inside):
    """Prepares, then runs the script again in a network and a process tree of its own, where inside(home) is called. Never returns."""
    if HOME in os.environ:
        sys.exit(inside(os.environ[HOME]))
    name = os.path.basename(script)
    if os.getuid() != 0:
        sys.exit(f"{name} runs in namespaces of its own, for which it must be root")
    prepare()
    if not peer and not os.path.exists(VECHE):
        sys.exit(f"{VECHE} is not there; build first: dotnet build -c Release src/Veche.Cli")
    home = tempfile.mkdtemp(prefix=f"{name}-")
    os.chmod(home, 0o755)
    try:
        # The shell stays as process 1 and takes in the orphans of killed servers: PostgreSQL takes a zombie for a live one.
        command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", 'ip link set lo up && "$@"; exit $?', "bash"]
        sys.exit(subprocess.run([*command, os.path.abspath(script), *sys.argv[1:]], env={**os.environ, HOME: home}).returncode)
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Checks:
    """Counts what held and what did not; keeps it for a report."""

    def __init__(self):
        self.passed, self.failed, self.rows = 0, 0, []

    def that(self, name, held, detail=""):
        self.passed, self.failed = self.passed + bool(held), self.failed + (not held)
        self.rows.append((name, bool(held), str(detail)))
        print(f"{'passed' if held else 'FAILED'}  {name}{f': {detail}' if detail else ''}", flush=True)
        return bool(held)

    def sum(self):
        """Prints the last line, and gives the exit code."""
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped", flush=True)
        return 0 if self.passed and not self.failed else 1


def wait_until(condition, seconds):
    """What the condition answered as soon as it is true, and after how long; (None, seconds) if that was not in time."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        if answer := condition():
            return answer, passed
        time.sleep(0.1)
    return None, passed


class Store:
    """Members of Veche (or of Debian's etcd) on loopback: m1 at port 2379, m2 at 2389, and so on."""

    def __init__(self, home, logs, peer, names=("m1", "m2", "m3"), port=2379):
        self.home, self.logs, self.command = home, logs, ["etcd"] if peer else [VECHE, "serve"]
        self.names = list(names)
        self.client = {name: f"http://127.0.0.1:{port + 10 * i}" for i, name in enumerate(names)}
        self.peer = {name: f"http://127.0.0.1:{port + 1 + 10 * i}" for i, name in enumerate(names)}
        self.processes = {}

    def add(self, name, port):
        """Makes room for one more, which is to join."""
        self.client[name], self.peer[name] = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"

    def start(self, name, *options, cluster=None):
        with open(f"{self.logs}/{name}.log", "a") as log:
            self.processes[name] = subprocess.Popen(
                [*self.command, "--name", name, "--data-dir", f"{self.home}/{name}",
                 "--listen-client-urls", self.client[name], "--advertise-client-urls", self.client[name],
                 "--listen-peer-urls", self.peer[name], "--initial-advertise-peer-urls", self.peer[name],
                 "--initial-cluster", ",".join(f"{n}={self.peer[n]}" for n in cluster or self.names), *options],
                stdout=log, stderr=log, start_new_session=True)

    def ready(self, seconds=60):
        """The leader, once all are healthy, and after how long."""
        return wait_until(lambda: all(map(self.healthy, self.names)) and self.leader(), seconds)

    def post(self, name, path, body=None, headers=None):
        request = urllib.request.Request(self.client[name] + path, json.dumps(body or {}).encode(), {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=2) as response:
                return json.load(response)
        except (OSError, ValueError):
            return None

    def leader(self):
        """The member that every member that answers calls the leader, and that answers itself."""
        answers = {name: self.post(name, "/v3/maintenance/status") for name in self.names}
        named = {name: (answer["header"]["member_id"], answer.get("leader")) for name, answer in answers.items() if answer}
        leaders = {leader for _, leader in named.values()}
        return next((name for name, (id, leader) in named.items() if id == leader), None) if len(leaders) == 1 else None

    def healthy(self, name):
        try:
            with urllib.request.urlopen(self.client[name] + "/health", timeout=2) as response:
                return json.load(response).get("health") == "true"
        except (OSError, ValueError):
            return False

    def kill(self, name):
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()
