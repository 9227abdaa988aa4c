//! A document store on a PostgreSQL server.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bp_backend::engine::{self, Position, validate};
use bp_backend::{BackendError, Document, DocumentStore, Filter, Index, Json, Page, Query, Update};
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use bp_store::{Fault, Lease, Pool, StoreContext};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::connection::{Postgres, to_fault};
use crate::encode;
use crate::schema::Schema;
use crate::settings::{PostgresSettings, RESERVED_HELP, explain_reserved};
use crate::sql::{self, Value, Values};

/// A [`DocumentStore`] on a PostgreSQL server: an answered write is as durable as the server's `synchronous_commit` makes it.
pub(crate) struct PostgresDocuments {
    pool: Pool<Postgres>,
    schema: Schema,
}

impl fmt::Debug for PostgresDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDocuments")
            .field("pool", &self.pool)
            .field("schema", &self.schema)
            .finish()
    }
}

type Session = Lease<Postgres>;

/// Whether a statement that ended too late may have changed something.
#[derive(Clone, Copy)]
enum Effect {
    Reads,
    Writes,
}

/// Runs one statement; a table that is not there yet is `Ok(None)`.
async fn run(
    session: &Session,
    statement: &str,
    values: &Values,
    effect: Effect,
) -> Result<Option<Vec<Row>>, Fault> {
    let limit = session.limit();
    let answer = limit.wait(session.client.query_typed(statement, &values.typed())).await;
    let answer = match answer {
        Ok(Ok(rows)) => return Ok(Some(rows)),
        Ok(Err(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(None),
        Ok(Err(error)) => to_fault(&error),
        Err(late) => Fault::Broken(late),
    };
    match (answer, effect) {
        (Fault::Broken(infra), Effect::Reads) => {
            Err(Fault::Broken(infra.with_processed(Processed::No)))
        }
        (fault, _) => Err(fault),
    }
}

fn read_column(row: &Row, index: usize) -> Result<String, Fault> {
    row.try_get(index).map_err(|error| to_fault(&error))
}

fn parse(id: String, text: &str) -> Result<Document, Fault> {
    let body = Json::parse(text.as_bytes()).map_err(|error| {
        let message = format!("PostgreSQL: document `{id}` cannot be read: {error}");
        Fault::refused(InfraKind::Internal, message)
    })?;
    Ok(Document { id, body })
}

impl PostgresDocuments {
    /// A store on the server, in the schema that the settings name.
    ///
    /// # Errors
    /// A pool without connections, a schema that is the server's own.
    pub(crate) fn new(cx: &StoreContext, settings: &PostgresSettings) -> Result<Self, StartError> {
        let schema = settings.schema.choose(&cx.name);
        // The rules of the settings see what the wiring says, not the instance's name.
        if let Some(why) = explain_reserved(&schema) {
            return Err(StartError::new(format!("{why}: {RESERVED_HELP}")));
        }
        let connect = Postgres::new(cx.address.clone(), settings);
        Ok(Self { pool: cx.build_pool(connect)?, schema: Schema::new(schema) })
    }

    /// Reads; a table that is not there has no rows.
    async fn read(&self, statement: &str, values: &Values) -> Result<Vec<Row>, BackendError> {
        let session = self.pool.lease().await?;
        let rows = run(&session, statement, values, Effect::Reads).await;
        session.end(rows.map(Option::unwrap_or_default))
    }

    /// Writes; a table that is not there is made first. Answers the rows that `RETURNING` gives.
    async fn write(
        &self,
        collection: &str,
        statement: &str,
        values: &Values,
    ) -> Result<Vec<Row>, BackendError> {
        let session = self.pool.lease().await?;
        let rows = self.write_in(&session, collection, statement, values).await;
        session.end(rows)
    }

    async fn write_in(
        &self,
        session: &Session,
        collection: &str,
        statement: &str,
        values: &Values,
    ) -> Result<Vec<Row>, Fault> {
        if let Some(rows) = run(session, statement, values, Effect::Writes).await? {
            return Ok(rows);
        }
        self.make(session, collection).await?;
        let rows = run(session, statement, values, Effect::Writes).await?;
        rows.ok_or_else(|| {
            // Something drops the table as fast as it is made.
            let message = format!("PostgreSQL: the table of `{collection}` is gone again");
            Fault::refused(InfraKind::Unavailable, message)
        })
    }

    /// Makes a collection's table; a failure is before the write, so it was not processed.
    async fn make(&self, session: &Session, collection: &str) -> Result<(), Fault> {
        let made = session.limit().wait(self.schema.make(&session.client, collection)).await;
        match made {
            Ok(Err(Fault::Broken(infra))) | Err(infra) => {
                Err(Fault::Broken(infra.with_processed(Processed::No)))
            }
            Ok(made) => made,
        }
    }

    async fn change(
        &self,
        session: &Session,
        collection: &str,
        id: &str,
        update: &Update,
    ) -> Result<Option<Document>, Fault> {
        let table = self.schema.table(collection);
        // `xmin` is the transaction that wrote the row: the version that a write expects.
        let select = format!("SELECT body::text, xmin::text FROM {table} WHERE id = $1");
        let write = format!(
            "UPDATE {table} SET body = $2::jsonb WHERE id = $1 AND xmin = $3::xid RETURNING id"
        );
        loop {
            let mut values = Values::default();
            values.text(id);
            let rows = run(session, &select, &values, Effect::Reads).await?.unwrap_or_default();
            let Some(row) = rows.first() else { return Ok(None) };
            let document = parse(id.to_owned(), &read_column(row, 0)?)?;
            let Some(changed) = engine::apply(update, &document)? else { return Ok(None) };
            let (changed, _) = validate::document(changed)?;
            if update.changes.is_empty() {
                return Ok(Some(changed));
            }
            values.text(encode::text(&changed.body));
            values.text(read_column(row, 1)?);
            let written = run(session, &write, &values, Effect::Writes).await?;
            if written.is_some_and(|rows| !rows.is_empty()) {
                return Ok(Some(changed));
            }
            // Another caller wrote or removed it in between.
        }
    }
}

fn read_page(query: &Query, limit: usize, rows: &[Row]) -> Result<Page, Fault> {
    let mut documents = Vec::with_capacity(rows.len().min(limit));
    for row in rows.iter().take(limit) {
        documents.push(parse(read_column(row, 0)?, &read_column(row, 1)?)?);
    }
    let next = match documents.last() {
        Some(last) if rows.len() > limit => Some(Position::of(query, last).token(query)?),
        _ => None,
    };
    if !query.fields.is_empty() {
        for document in &mut documents {
            document.body = engine::project(&document.body, &query.fields);
        }
    }
    Ok(Page { documents, next })
}

#[async_trait]
impl DocumentStore for PostgresDocuments {
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        let statement = format!(
            "INSERT INTO {} (id, body) VALUES ($1, $2::jsonb) ON CONFLICT DO NOTHING RETURNING id",
            self.schema.table(&collection)
        );
        let mut values = Values::default();
        values.text(&document.id);
        values.text(encode::text(&document.body));
        if self.write(&collection, &statement, &values).await?.is_empty() {
            return Err(BackendError::AlreadyExists(format!(
                "document `{}` in `{collection}`",
                document.id
            )));
        }
        Ok(())
    }

    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        let statement = format!(
            "INSERT INTO {} (id, body) VALUES ($1, $2::jsonb) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            self.schema.table(&collection)
        );
        let mut values = Values::default();
        values.text(&document.id);
        values.text(encode::text(&document.body));
        self.write(&collection, &statement, &values).await.map(|_| ())
    }

    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError> {
        let found = self.get_many(collection, vec![id]).await?;
        Ok(found.into_iter().next().flatten())
    }

    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError> {
        validate::name(&collection)?;
        ids.iter().try_for_each(|id| validate::id(id))?;
        let table = self.schema.table(&collection);
        let mut values = Values::default();
        values.bind(Value::Texts(ids.clone()));
        let statement = format!("SELECT id, body::text FROM {table} WHERE id = ANY($1)");
        let mut found = BTreeMap::new();
        for row in self.read(&statement, &values).await? {
            let document = parse(read_column(&row, 0)?, &read_column(&row, 1)?)?;
            found.insert(document.id.clone(), document);
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        let table = self.schema.table(&collection);
        let statement = format!("DELETE FROM {table} WHERE id = $1 RETURNING id");
        let mut values = Values::default();
        values.text(id);
        let session = self.pool.lease().await?;
        let rows = run(&session, &statement, &values, Effect::Writes).await;
        Ok(session.end(rows)?.is_some_and(|rows| !rows.is_empty()))
    }

    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError> {
        validate::name(&collection)?;
        validate::query(&query)?;
        let limit = if query.limit == 0 { Query::DEFAULT_LIMIT } else { query.limit };
        let mut values = Values::default();
        let mut condition = sql::build_condition(&query.filter, &mut values);
        if let Some(token) = &query.after {
            let position = Position::parse(&query, token)?;
            condition += " AND ";
            condition += &sql::build_behind(&query, &position, &mut values);
        }
        // The token of the next page needs what the query sorts by.
        let sorts = query.sort.iter().map(|sort| sort.path.as_str());
        let fields = query.fields.iter().map(String::as_str);
        let wanted: Vec<_> =
            if query.fields.is_empty() { Vec::new() } else { fields.chain(sorts).collect() };
        let statement = format!(
            "SELECT id, {} FROM {} WHERE {condition} ORDER BY {} LIMIT {}",
            sql::build_body(&wanted, &mut values),
            self.schema.table(&collection),
            sql::build_order_by(&query.sort),
            // One more, to know whether there is a next page.
            u64::from(limit) + 1
        );
        let rows = self.read(&statement, &values).await?;
        Ok(read_page(&query, usize::try_from(limit).unwrap_or(usize::MAX), &rows)?)
    }

    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError> {
        validate::name(&collection)?;
        validate::filter(&filter)?;
        let mut values = Values::default();
        let condition = sql::build_condition(&filter, &mut values);
        let table = self.schema.table(&collection);
        let statement = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let rows = self.read(&statement, &values).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        let count: i64 = row.try_get(0).map_err(|error| BackendError::from(to_fault(&error)))?;
        u64::try_from(count)
            .map_err(|_| BackendError::Infra(Infra::internal("PostgreSQL: a negative count")))
    }

    async fn update(
        &self,
        collection: String,
        id: String,
        update: Update,
    ) -> Result<Option<Document>, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        validate::update(&update)?;
        let session = self.pool.lease().await?;
        let changed = self.change(&session, &collection, &id, &update).await;
        session.end(changed)
    }

    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError> {
        validate::name(&collection)?;
        validate::index(&index)?;
        let session = self.pool.lease().await?;
        let made = self.make(&session, &collection).await;
        let made = match made {
            Ok(()) => {
                let exchange = self.schema.index(&session.client, &collection, &index);
                session.limit().wait(exchange).await.unwrap_or_else(|late| Err(Fault::Broken(late)))
            }
            failed => failed,
        };
        session.end(made)
    }
}

#[cfg(test)]
mod tests {
    use bp_runtime::Settings;
    use serde_json::{Value, json};

    use super::*;

    fn open(name: &str, settings: Value) -> Result<(), StartError> {
        let settings = Settings::of(format!("backend `{name}`"), settings);
        let address = "127.0.0.1:5432".parse().unwrap();
        let cx = StoreContext { name: name.into(), address, limits: settings.live()?, settings };
        PostgresDocuments::new(&cx, &cx.settings.read()?).map(drop)
    }

    #[test]
    fn an_instance_starts_with_a_schema_that_the_server_lets_it_make() {
        assert!(open("rate-db", json!({})).is_ok());
        assert!(open("pg-rates", json!({ "schema": "rates" })).is_ok());
        for (name, settings, part) in [
            ("pg-rates", json!({}), "`pg_rates`"),
            ("rate-db", json!({ "schema": "information_schema" }), "`information_schema`"),
            ("rate-db", json!({ "schema": "s".repeat(64) }), "64 bytes"),
            ("rate-db", json!({ "user": "" }), "`user`"),
        ] {
            let error = open(name, settings).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
