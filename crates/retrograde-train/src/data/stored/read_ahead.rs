//! The rows of the next batch, read while the current one is computed.

use super::StoredRows;
use retrograde_base::Result;
use retrograde_core::kernel::Real;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// A thread that reads rows. One batch is asked for at a time; the buffers go back and forth, so that no batch allocates.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    /// None while this is dropped, or without a thread.
    asked: Option<SyncSender<Rows>>,
    /// In a mutex, which is never locked: a receiver alone could not be shared.
    read: Mutex<Receiver<Rows>>,
    thread: Option<JoinHandle<()>>,
    is_reading: bool,
    /// The buffers that are not at the thread.
    spare: Rows,
}

/// Rows and their numbers.
#[derive(Debug, Default)]
struct Rows {
    places: Vec<u32>,
    bytes: Vec<u8>,
    numbers: Vec<f64>,
    result: Option<Result<()>>,
}

impl ReadAhead {
    /// A thread that reads rows for plans of this precision. Where the system has no threads, rows are read when they are taken.
    pub(crate) fn new<T: Real>(stored: StoredRows) -> Self {
        let (asked, questions) = sync_channel::<Rows>(1);
        let (answers, read) = sync_channel(1);
        let work = move || {
            for mut rows in questions {
                let Rows { places, bytes, numbers, .. } = &mut rows;
                let result = stored.read_into::<T>(places, bytes, numbers);
                rows.result = Some(result);
                if answers.send(rows).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("retrograde rows".into()).spawn(work).ok();
        let asked = thread.is_some().then_some(asked);
        ReadAhead { asked, read: Mutex::new(read), thread, is_reading: false, spare: Rows::default() }
    }

    /// Begins to read these rows, unless others are being read.
    pub(crate) fn ask(&mut self, rows: &[u32]) {
        let Some(asked) = self.asked.as_ref().filter(|_| !self.is_reading) else { return };
        let mut question = std::mem::take(&mut self.spare);
        question.places.clear();
        question.places.extend_from_slice(rows);
        self.is_reading = asked.send(question).is_ok();
    }

    /// The numbers of these rows, if they were asked for.
    ///
    /// # Errors
    /// Those of reading them.
    pub(crate) fn take(&mut self, rows: &[u32]) -> Result<Option<&[f64]>> {
        if std::mem::take(&mut self.is_reading)
            && let Ok(receiver) = self.read.get_mut()
            && let Ok(read) = receiver.recv()
        {
            self.spare = read;
            if self.spare.places == rows {
                return match self.spare.result.take() {
                    Some(Err(error)) => Err(error),
                    _ => Ok(Some(&self.spare.numbers)),
                };
            }
        }
        Ok(None)
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        // The thread ends when its channel is closed.
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread ended it, too.
            let _ = thread.join();
        }
    }
}
