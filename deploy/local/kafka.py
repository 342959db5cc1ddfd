"""A local single-node Apache Kafka (KRaft): Maven fetches it, and the system's Java runs it."""

import base64
import fcntl
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from deploy.local.noida import broker_silent, expect_cluster, wait_for_broker
from deploy.local.ports import free_port
from deploy.local.process import Program
from deploy.local.state import Unusable, claim

FOLDER: Final = Path(__file__).parents[1] / "kafka"
OLDEST_JAVA: Final = 17
_INSTALL: Final = "on Debian and Ubuntu: apt-get install openjdk-17-jre-headless maven"


class ApacheKafka:
    """A server with its jars in a cache, its data in the state directory, and its ports on loopback."""

    kind = "apache-kafka"
    promise = "Apache Kafka, one node; keeps what it acknowledged"
    formatting: Sequence[str] = ()
    """Further arguments of `kafka-storage format`."""

    def __init__(self, directory: Path, port: int, cache: Path | None = None) -> None:
        self._data, self._config, self.port = directory / "kafka", directory / "kafka.properties", port
        self._jars = (cache or directory / "cache") / "kafka-jars"
        self._java = _java()
        self._lock: IO[str] | None = None
        self._controller = 0

    def prepare(self) -> None:
        """Fetch the jars and format the storage if they are missing, and write the configuration."""
        # A lock of our own, because Kafka opens its metadata before it checks for another running server.
        self._lock = claim(self._data.with_suffix(".lock"))
        if self._lock is None:
            raise Unusable(f"Apache Kafka runs already on {self._data}: use that one, or set HUYING_STATE_DIR")
        _fetch(self._jars)
        properties = (f"{key}={value}\n" for key, value in self.properties().items())
        self._config.write_text("".join(properties), "utf-8")
        if not (self._data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "x")
            command = [self._java, "-cp", self._classpath, "kafka.tools.StorageTool", "format"]
            process = subprocess.run(
                [*command, "--cluster-id", cluster, "--config", str(self._config), *self.formatting],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if process.returncode:
                raise Unusable(f"Kafka's storage could not be formatted:\n{process.stdout}{process.stderr}")

    def ended(self, clean: bool) -> None:
        """Release the lock of its data; Kafka recovers by itself after a crash."""
        if self._lock:
            self._lock.close()

    @property
    def bootstrap(self) -> str:
        """The bootstrap address."""
        return f"127.0.0.1:{self.port}"

    @property
    def program(self) -> Program:
        """The program of the server."""
        java = (
            self._java,
            "-Xms256m",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={FOLDER}/log4j2.properties",
        )
        return Program("broker", (*java, "-cp", self._classpath, "kafka.Kafka", str(self._config)))

    async def ready(self) -> None:
        """Return when it answers; raises `Unusable` if another cluster answers."""
        match = re.search(r"^cluster\.id=(.+)$", (self._data / "meta.properties").read_text("utf-8"), re.MULTILINE)
        own_cluster = match[1].strip() if match else None
        expect_cluster(self.bootstrap, await wait_for_broker(self.bootstrap), own_cluster)

    async def alive(self) -> str | None:
        """Why it is not alive, in words; None if it answers."""
        return await broker_silent(self.bootstrap)

    @property
    def _classpath(self) -> str:
        return f"{self._jars}/*"

    def properties(self) -> Mapping[str, str]:
        """The configuration of the server."""
        controller = self._controller_port()
        ones = (
            "offsets.topic.replication.factor", "transaction.state.log.replication.factor",
            "transaction.state.log.min.isr", "share.coordinator.state.topic.replication.factor",
            "share.coordinator.state.topic.min.isr",
        )  # fmt: skip
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self._data),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "offsets.topic.num.partitions": "4",
        }
        return properties | dict.fromkeys(ones, "1")

    def _controller_port(self) -> int:
        match = re.search(r"voters=1@127\.0\.0\.1:(\d+)", self._config.read_text() if self._config.exists() else "")
        self._controller = self._controller or free_port(int(match[1]) if match else 0)
        return self._controller


def _java() -> str:
    java = shutil.which("java")
    if not java:
        raise Unusable(f"Apache Kafka needs Java {OLDEST_JAVA} or newer; {_INSTALL}")
    printed = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', printed)
    if not version or int(version[1]) < OLDEST_JAVA:
        raise Unusable(f"{java} is older than Java {OLDEST_JAVA}; {_INSTALL}")
    return java


def _fetch(jars: Path) -> None:
    jars.parent.mkdir(parents=True, exist_ok=True)
    with jars.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be fetching the jars now
        if not (jars / "complete").exists():
            _fetch_with_maven(jars)


def _fetch_with_maven(jars: Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise Unusable(f"Maven is needed once, to fetch Apache Kafka; {_INSTALL}")
    shutil.rmtree(jars, ignore_errors=True)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}")
    command = [maven, "-q", "-B", "-f", str(FOLDER / "pom.xml"), *goal]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise Unusable(f"Maven could not fetch Apache Kafka:\n{process.stdout[-2000:]}{process.stderr[-500:]}")
    (jars / "complete").touch()
