//! A redb file: opened once, read concurrently, written by one thread that commits in groups.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::settings::{Durability, EmbeddedSettings};
use bp_backend::BackendError;
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Longest time that an answered write waits for the disk under [`Durability::Delayed`].
const DELAY: Duration = Duration::from_millis(100);
/// Most writes in one commit.
const GROUP: usize = 256;
/// Most writes that wait, beyond which callers do.
const QUEUE: usize = 1024;

/// What a read or a write returns from its transaction: after an application's error, a write must leave no change behind.
pub(crate) type TransactionResult<T> = Result<Result<T, BackendError>, redb::Error>;

/// A write with its caller's type hidden. It returns what to do once the outcome of the commit is known.
type WriteTask = Box<dyn FnOnce(&WriteTransaction) -> Result<Acknowledge, redb::Error> + Send>;
type Acknowledge = Box<dyn FnOnce(Option<&Infra>) + Send>;

/// Removes expired entries, if there are any.
pub(crate) type Sweep = Box<dyn FnMut(&Database) -> Result<(), redb::Error> + Send>;

/// An open file.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    database: Option<Arc<Database>>,
    queue: Option<Sender<WriteTask>>,
    room: Arc<Semaphore>,
    writer: Option<JoinHandle<()>>,
}

impl File {
    /// Opens or makes `store.redb` in `folder`; `prepare` makes its tables.
    pub(crate) async fn open(
        folder: &Path,
        options: EmbeddedSettings,
        prepare: fn(&WriteTransaction) -> Result<(), redb::Error>,
        sweep: Option<Sweep>,
    ) -> Result<Self, StartError> {
        let path = folder.join("store.redb");
        let opening = path.clone();
        let opened = tokio::task::spawn_blocking(move || -> Result<Database, StartError> {
            let database = create(&opening, options)?;
            let failed = |error: redb::Error| cannot_open(&opening, &error);
            let transaction = database.begin_write().map_err(|error| failed(error.into()))?;
            prepare(&transaction).map_err(failed)?;
            transaction.commit().map_err(|error| failed(error.into()))?;
            Ok(database)
        });
        let database = Arc::new(opened.await.map_err(|error| cannot_open(&path, &error))??);
        let (queue, works) = std::sync::mpsc::channel();
        let mut writer = Writer {
            database: Arc::clone(&database),
            works,
            options,
            unsynced: None,
            swept: Instant::now(),
            sweep,
        };
        let thread = std::thread::Builder::new().name("embedded-writer".to_owned());
        let thread =
            thread.spawn(move || writer.run()).map_err(|error| cannot_open(&path, &error))?;
        let room = Arc::new(Semaphore::new(QUEUE));
        Ok(Self { path, database: Some(database), queue: Some(queue), room, writer: Some(thread) })
    }

    /// Reads one snapshot, on a blocking thread.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> TransactionResult<T> + Send + 'static,
    ) -> Result<T, BackendError> {
        let Some(database) = self.database.clone() else { return Err(self.ended().into()) };
        let done = tokio::task::spawn_blocking(move || work(&database.begin_read()?));
        match done.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(self.failed(&error).into()),
            Err(error) => Err(self.failed(&error).into()),
        }
    }

    /// Writes in one transaction and answers when it is committed.
    ///
    /// If the future is dropped before the write is queued, the write does not happen; later it does.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> TransactionResult<T> + Send + 'static,
    ) -> Result<T, BackendError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let (room, queue): (OwnedSemaphorePermit, _) = match (room, &self.queue) {
            (Ok(room), Some(queue)) => (room, queue),
            _ => return Err(self.ended().into()),
        };
        let (answer, answered) = oneshot::channel();
        let work: WriteTask = Box::new(move |transaction| {
            let result = work(transaction)?;
            Ok(Box::new(move |failure| {
                drop(room);
                // The caller may be gone.
                drop(answer.send(failure.map_or(result, |failure| Err(failure.clone().into()))));
            }))
        });
        queue.send(work).map_err(|_| self.ended())?;
        // Dropped without an answer when the work itself failed, which drops the transaction too.
        answered.await.unwrap_or_else(|_| Err(self.ended().with_processed(Processed::Maybe).into()))
    }

    fn ended(&self) -> Infra {
        Infra::unavailable(format!(
            "{} failed and takes no writes; its log says why",
            self.path.display()
        ))
    }

    fn failed(&self, error: &dyn std::error::Error) -> Infra {
        Infra::internal(format!("{}: {error}", self.path.display()))
    }
}

impl Drop for File {
    /// Waits for the writes that are queued, so that the file is closed when its last user is gone.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(file = %self.path.display(), "the writer of an embedded backend panicked");
        }
    }
}

fn cannot_open(path: &Path, error: &dyn std::error::Error) -> StartError {
    StartError::because(format_args!("cannot open {}", path.display()), error)
}

fn create(path: &Path, options: EmbeddedSettings) -> Result<Database, StartError> {
    /// Waits for a read by an earlier instance in this process, which keeps the file open until it ends.
    const TRIES: u32 = 10;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| cannot_open(folder, &error))?;
    }
    let mut builder = Database::builder();
    builder.set_cache_size(usize::try_from(options.page_cache.bytes()).unwrap_or(usize::MAX));
    for _ in 1..TRIES {
        match builder.create(path) {
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other.map_err(|error| cannot_open(path, &error)),
        }
    }
    builder.create(path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StartError::new(format!(
            "{} is open already, here or in another process: an embedded backend belongs to one instance of one process",
            path.display()
        )),
        error => cannot_open(path, &error),
    })
}

/// The thread that writes.
struct Writer {
    database: Arc<Database>,
    works: Receiver<WriteTask>,
    options: EmbeddedSettings,
    /// Since when there are commits that are not on disk.
    unsynced: Option<Instant>,
    swept: Instant,
    sweep: Option<Sweep>,
}

impl Writer {
    /// Until the last sender is gone and the queue is empty.
    fn run(&mut self) {
        loop {
            match self.works.recv_timeout(self.time_until_idle_work()) {
                Ok(first) => {
                    let others = std::iter::from_fn(|| self.works.try_recv().ok());
                    let group: Vec<_> = std::iter::once(first).chain(others).take(GROUP).collect();
                    self.commit_group(group);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.maintain();
        }
        self.sync();
    }

    /// How long to wait for work before something else is due.
    fn time_until_idle_work(&self) -> Duration {
        let sweep =
            self.sweep.is_some().then(|| self.options.sweep.saturating_sub(self.swept.elapsed()));
        let sync = self.unsynced.map(|since| DELAY.saturating_sub(since.elapsed()));
        let due = [sweep, sync].into_iter().flatten().min();
        due.unwrap_or(Duration::from_hours(1))
    }

    fn maintain(&mut self) {
        if self.unsynced.is_some_and(|since| since.elapsed() >= DELAY) {
            self.sync();
        }
        if let Some(sweep) = &mut self.sweep
            && self.swept.elapsed() >= self.options.sweep
        {
            self.swept = Instant::now();
            if let Err(error) = sweep(&self.database) {
                tracing::warn!(%error, "expired entries could not be removed");
            }
        }
    }

    /// Commits a group of writes, then answers them.
    fn commit_group(&mut self, group: Vec<WriteTask>) {
        let mut acknowledge = Vec::with_capacity(group.len());
        let done = self.commit(group, &mut acknowledge);
        let failure = done.err().map(|error| {
            tracing::error!(%error, "an embedded backend could not write");
            // Nothing was committed, unless the commit itself failed half-way.
            Infra::new(
                InfraKind::Internal,
                Processed::Maybe,
                format!("the file could not be written: {error}"),
            )
        });
        for acknowledge in acknowledge {
            acknowledge(failure.as_ref());
        }
    }

    fn commit(
        &mut self,
        group: Vec<WriteTask>,
        acknowledge: &mut Vec<Acknowledge>,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        if self.options.durability == Durability::Delayed {
            transaction.set_durability(redb::Durability::None)?;
        }
        for work in group {
            acknowledge.push(work(&transaction)?);
        }
        transaction.commit()?;
        if self.options.durability == Durability::Delayed {
            self.unsynced.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Brings earlier commits to disk.
    fn sync(&mut self) {
        if self.unsynced.take().is_some() {
            let synced = self.database.begin_write().map_err(redb::Error::from);
            if let Err(error) = synced.and_then(|transaction| Ok(transaction.commit()?)) {
                tracing::error!(%error, "an embedded backend could not write");
            }
        }
    }
}
