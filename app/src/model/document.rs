//! A large message, to be looked at while it is still being walked through: its beginning at once, the rest when a thread
//! of its own is done with it, and what is searched in it found on a thread, too.
//!
//! Holds the message's bytes and their landmarks, and never a value of it: a hundred megabytes stay about that many.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use callscope_wire::value::landmarks::Landmarks;

/// Walked through before anything is shown: several screens, and no time that anybody feels.
const HEAD: usize = 256 << 10;
/// Places of a search that are remembered. All are counted.
const PLACES: usize = 100_000;
/// A search looks this often whether it is still wanted.
const SEARCHED: usize = 4 << 20;

/// A large message.
#[derive(Debug)]
pub struct Document {
    bytes: Bytes,
    head: Landmarks,
    rest: Arc<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    done: AtomicUsize,
    stop: AtomicBool,
    marks: OnceLock<Landmarks>,
}

/// Tells the window that something is done.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

impl Document {
    /// Shows the beginning at once, and walks through the rest on a thread. Dropping it ends that.
    pub fn open(bytes: Bytes, wake: Wake) -> Self {
        let head = Landmarks::of(bytes.get(..HEAD).unwrap_or(&bytes), |_| true);
        let rest = Arc::new(Rest::default());
        let (shared, whole) = (Arc::clone(&rest), bytes.clone());
        let work = move || {
            let marks = Landmarks::of(&whole, |done| {
                shared.done.store(done, Ordering::Relaxed);
                !shared.stop.load(Ordering::Relaxed)
            });
            // Nobody else sets it.
            let _first = shared.marks.set(marks);
            wake();
        };
        // Without a thread the beginning is all there is.
        let _thread = std::thread::Builder::new().name("callscope-document".to_owned()).spawn(work);
        Self { bytes, head, rest }
    }

    /// The message.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What is known of it by now, and of which of its bytes.
    pub fn marks(&self) -> (&Landmarks, &[u8]) {
        match self.rest.marks.get() {
            Some(marks) => (marks, self.bytes.get(..marks.seen()).unwrap_or(&self.bytes)),
            None => (&self.head, self.bytes.get(..HEAD).unwrap_or(&self.bytes)),
        }
    }

    /// Rises when more is known.
    pub fn revision(&self) -> u64 {
        u64::from(self.rest.marks.get().is_some())
    }

    /// How much was walked through, 0 to 1; `None`: it is over.
    pub fn progress(&self) -> Option<f32> {
        let under_way = self.rest.marks.get().is_none();
        under_way.then(|| self.rest.done.load(Ordering::Relaxed) as f32 / self.bytes.len().max(1) as f32)
    }

    /// Walks no further. What is known stays.
    pub fn stop(&self) {
        self.rest.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the walk was stopped before its end.
    pub fn is_stopped(&self) -> bool {
        self.rest.marks.get().is_some_and(|marks| marks.problem().is_none() && marks.seen() < self.bytes.len())
    }

    /// Looks for a text in it, on a thread.
    pub fn search(&self, text: &str, wake: Wake) -> Search {
        let shared = Arc::new(Shared::default());
        let search = Search { text: text.to_owned(), shared: Arc::clone(&shared) };
        let (bytes, text) = (self.bytes.clone(), text.to_owned());
        let work = move || {
            let _first = shared.hits.set(find(&bytes, &text, || shared.stop.load(Ordering::Relaxed)));
            wake();
        };
        let _thread = std::thread::Builder::new().name("callscope-search".to_owned()).spawn(work);
        search
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A search under way, or what it found. Dropping it ends it.
#[derive(Debug)]
pub struct Search {
    /// What is looked for.
    pub text: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    hits: OnceLock<Hits>,
}

/// Where a text is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Byte offsets, as many as are remembered.
    pub places: Vec<u32>,
    /// How often it is there.
    pub count: u64,
}

impl Search {
    /// What it found, once it is done.
    pub fn hits(&self) -> Option<&Hits> {
        self.shared.hits.get()
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// Small letters find capitals, too; a capital finds only itself.
fn find(bytes: &[u8], text: &str, stop: impl Fn() -> bool) -> Hits {
    let wanted = text.as_bytes();
    let mut hits = Hits::default();
    let Some(&first) = wanted.first() else { return hits };
    let exact = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let other = if exact { first } else { first.to_ascii_uppercase() };
    let (mut at, mut looked) = (0, 0);
    while let Some(found) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == first || *byte == other))
    {
        at += found;
        let here = bytes.get(at..at + wanted.len()).unwrap_or_default();
        if if exact { here == wanted } else { here.eq_ignore_ascii_case(wanted) } {
            hits.count += 1;
            if hits.places.len() < PLACES {
                hits.places.push(at as u32);
            }
            at += wanted.len();
        } else {
            at += 1;
        }
        if at - looked > SEARCHED {
            looked = at;
            if stop() {
                break;
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn waking() -> (Wake, mpsc::Receiver<()>) {
        let (done, told) = mpsc::sync_channel(4);
        let wake: Wake = Arc::new(move || {
            done.try_send(()).ok();
        });
        (wake, told)
    }

    #[test]
    fn the_beginning_is_there_at_once_and_the_rest_later() {
        let text = format!("[{}0]", "{\"id\":12345678},".repeat(100_000));
        let (wake, told) = waking();
        let document = Document::open(Bytes::from(text.clone()), wake);
        let (head, seen) = document.marks();
        assert!(head.root(seen).is_some_and(|root| head.parts(seen, &root, 0).next().is_some()));
        told.recv().unwrap();
        let (marks, seen) = document.marks();
        let root = marks.root(seen).unwrap();
        assert_eq!((marks.count(seen, &root), seen.len(), document.progress()), (100_001, text.len(), None));
        assert!(marks.memory() * 20 < text.len(), "{}", marks.memory());
    }

    #[test]
    fn a_walk_that_is_stopped_keeps_what_it_saw() {
        let text = format!("[{}0]", "1,".repeat(20_000_000));
        let (wake, told) = waking();
        let document = Document::open(Bytes::from(text), wake);
        document.stop();
        told.recv().unwrap();
        let (marks, seen) = document.marks();
        assert!(document.is_stopped() && marks.problem().is_none());
        assert!(marks.root(seen).is_some_and(|root| marks.count(seen, &root) > 1_000));
    }

    #[test]
    fn small_letters_find_capitals_and_capitals_only_themselves() {
        let found = |text: &str| find(b"Ab ab AB aab", text, || false).places;
        assert_eq!(found("ab"), [0, 3, 6, 10]);
        assert_eq!(found("AB"), [6]);
        assert!(found("x").is_empty());
        assert_eq!(find("上海 上海".as_bytes(), "海", || false).count, 2);
    }
}
