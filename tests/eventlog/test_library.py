"""The `eventsourcing` library's own test cases, on our recorders."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.sqlite import (
    SQLiteAggregateRecorder,
    SQLiteDatastore,
    SQLiteProcessRecorder,
    SQLiteTrackingRecorder,
)
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
)
from eventsourcing.utils import Environment, get_topic
from psycopg.conninfo import conninfo_to_dict

from services.eventlog.postgresql import PostgresLogRecorder
from services.eventlog.sqlite import SqliteLogFactory, SqliteLogRecorder


class _OnSqlite:
    def create_recorder(self) -> ApplicationRecorder:
        folder = tempfile.mkdtemp()
        kind = getattr(self, "originator_id_type", "uuid")
        datastore = SQLiteDatastore(str(Path(folder) / "log.db"), originator_id_type=kind, lock_timeout=30)
        recorder = SqliteLogRecorder(datastore, events_table_name="stored_events")
        recorder.create_table()
        return recorder


class TestSqliteRecorder(_OnSqlite, ApplicationRecorderTestCase[Any]):  # type: ignore[misc]
    def test_concurrent_throughput(self) -> None:
        """A measurement of the library's, which bench does better."""

    def test_performance(self) -> None:
        """The same."""


class TestSqliteRecorderNeverInterleaves(_OnSqlite, NonInterleavingNotificationIDsBaseCase):  # type: ignore[misc]
    insert_num = 200


@pytest.fixture(scope="class")
def server(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[None]:
    request.cls.server = postgres_server
    yield


class _OnPostgres:
    server: str

    def create_recorder(self) -> ApplicationRecorder:
        given = conninfo_to_dict(self.server)
        datastore = PostgresDatastore(
            dbname=str(given.get("dbname", "postgres")), host=str(given["host"]), port=str(given.get("port", 5432)),
            user=str(given.get("user", "postgres")), password=str(given.get("password", "")), pool_size=10,
            max_overflow=10, schema=f"s{uuid.uuid4().hex}",
            originator_id_type=cast(Any, getattr(self, "originator_id_type", "uuid")),
        )  # fmt: skip
        with datastore.transaction(commit=True) as cursor:
            cursor.execute(f"CREATE SCHEMA {datastore.schema}")  # type: ignore[arg-type]
        recorder = PostgresLogRecorder(datastore, events_table_name="stored_events")
        recorder.create_table()
        self.datastores = [*getattr(self, "datastores", []), datastore]
        return recorder

    def tearDown(self) -> None:
        for datastore in getattr(self, "datastores", []):
            datastore.close()


@pytest.mark.usefixtures("server")
class TestPostgresRecorder(_OnPostgres, ApplicationRecorderTestCase[Any]):  # type: ignore[misc]
    def test_concurrent_throughput(self) -> None:
        """A measurement of the library's, which bench does better."""

    def test_performance(self) -> None:
        """The same."""


@pytest.mark.usefixtures("server")
class TestPostgresRecorderNeverInterleaves(_OnPostgres, NonInterleavingNotificationIDsBaseCase):  # type: ignore[misc]
    insert_num = 200


class _Tracking(SQLiteTrackingRecorder):
    """A tracking recorder of somebody's own."""


class TestSqliteFactory(InfrastructureFactoryTestCase[SqliteLogFactory]):
    def setUp(self) -> None:
        self.env = Environment("TestCase")
        self.env[InfrastructureFactory.PERSISTENCE_MODULE] = get_topic(SqliteLogFactory)
        self.env[SqliteLogFactory.SQLITE_DBNAME] = str(Path(tempfile.mkdtemp()) / "log.db")
        super().setUp()

    def expected_factory_class(self) -> type[SqliteLogFactory]:
        return SqliteLogFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return SQLiteAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return SqliteLogRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return SQLiteTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return _Tracking

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        return SQLiteProcessRecorder


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase, InfrastructureFactoryTestCase
