//! Keeps one source watched: subscribes, keeps the last good picture while the source is away, and
//! subscribes again after a jittered pause.
//!
//! The task is owned by the [`Watcher`]; dropping it ends the subscription, on the wire too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use callscope_wire::{Instance, Time, Words, say};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

use super::{Feed, Picture, Source, SourceError};
use crate::clock;
use crate::observer::{Observer, Snapshot, SourceView};
use crate::resilience::retry::jittered;

/// Changes that come close together are published together.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// A source that takes longer to be subscribed, or then to tell anything at all, is treated as away.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

/// First and longest pause before subscribing again. Shorter than a connection's back-off: people wait.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is known of a source now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Instances by service; `None`: the source has never answered.
    services: Option<Arc<BTreeMap<String, Arc<[Instance]>>>>,
    /// Why the source is away, while it is.
    pub error: Option<Words>,
}

/// A watched source.
#[derive(Debug)]
pub struct Watcher {
    label: String,
    view: watch::Receiver<View>,
    retry: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl View {
    /// A service's instances: empty if the source says that there is none, `None` if it has never answered.
    pub fn instances(&self, service: &str) -> Option<Arc<[Instance]>> {
        let services = self.services.as_ref()?;
        Some(services.get(service).cloned().unwrap_or_else(|| Arc::from([])))
    }
}

impl Watcher {
    /// Starts to watch. `only`: the service that the source was asked for, whose absence is worth telling.
    pub fn start(runtime: &Handle, source: Arc<dyn Source>, only: Option<String>, observer: Arc<dyn Observer>) -> Self {
        let (publish, view) = watch::channel(View::default());
        let label = source.label();
        let retry = Arc::new(Notify::new());
        let task = Task {
            retry: Arc::clone(&retry),
            label: label.clone(),
            source,
            only,
            observer,
            publish,
            picture: Picture::default(),
        };
        Self { label, view, retry, _task: AbortOnDropHandle::new(runtime.spawn(task.run())) }
    }

    /// The source's address without the service.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What is known now.
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// What is known once the source has answered, or the reason why it has not. Never waits if it has
    /// answered before. A source that never did is asked again at once: whoever wants to know wants to
    /// know how it is now.
    pub async fn settled(&self) -> View {
        let mut view = self.view.clone();
        let away = {
            let view = view.borrow_and_update();
            view.services.is_none() && view.error.is_some()
        };
        if away {
            self.retry.notify_one();
            // An error means that the task is gone; what is known then is all there is.
            let _gone = view.changed().await;
        }
        let settled = view.wait_for(|view| view.services.is_some() || view.error.is_some()).await;
        // The task ends with the watcher, which `self` keeps.
        settled.map(|view| view.clone()).unwrap_or_default()
    }
}

struct Task {
    label: String,
    source: Arc<dyn Source>,
    only: Option<String>,
    observer: Arc<dyn Observer>,
    publish: watch::Sender<View>,
    picture: Picture,
    retry: Arc<Notify>,
}

impl Task {
    async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let error = match tokio::time::timeout(SUBSCRIBE_TIMEOUT, self.source.subscribe()).await {
                Ok(Ok(feed)) => self.follow(feed, &mut failures).await,
                Ok(Err(error)) => error,
                Err(_) => silent(),
            };
            tracing::debug!(source = self.label, %error, "discovery source is away");
            self.publish.send_modify(|view| view.error = Some(error.0.clone()));
            self.tell(Some(error.0));
            let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE);
            failures = failures.saturating_add(1);
            tokio::select! {
                () = tokio::time::sleep(jittered(pause, fastrand::f64())) => {}
                () = self.retry.notified() => {}
            }
        }
    }

    /// Takes in what the source tells until it stops; returns why.
    async fn follow(&mut self, mut feed: Box<dyn Feed>, failures: &mut u32) -> SourceError {
        let mut changed = BTreeSet::new();
        // The first change is published at once, those that follow it closely together.
        let mut quiet_until = Time::ZERO;
        let mut told = false;
        // Whoever asked first waits for the first update, so it may not take forever. Later ones may: silence is no news.
        let first_by = clock::instant(clock::now() + SUBSCRIBE_TIMEOUT);
        loop {
            let due = clock::instant(quiet_until);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(due), if !changed.is_empty() => {}
                update = feed.next() => match update {
                    Ok(update) => {
                        changed.append(&mut self.picture.apply(update));
                        *failures = 0;
                        if told && (changed.is_empty() || clock::now() < quiet_until) {
                            continue;
                        }
                    }
                    Err(error) => {
                        if !changed.is_empty() {
                            self.publish_changes(changed);
                        }
                        return error;
                    }
                },
                () = tokio::time::sleep_until(first_by), if !told => return silent(),
            }
            self.publish_changes(std::mem::take(&mut changed));
            quiet_until = clock::now() + DEBOUNCE;
            if !told {
                told = true;
                self.tell(None);
            }
        }
    }

    fn publish_changes(&mut self, mut changed: BTreeSet<String>) {
        let first = self.publish.borrow().services.is_none();
        if first && let Some(only) = &self.only {
            // A service that nobody serves is news, too.
            changed.insert(only.clone());
        }
        self.publish.send_modify(|view| {
            let services = Arc::make_mut(view.services.get_or_insert_default());
            for name in &changed {
                match self.picture.instances(name) {
                    [] => drop(services.remove(name)),
                    instances => drop(services.insert(name.clone(), Arc::from(instances))),
                }
            }
            view.error = None;
        });
        let at = clock::now();
        for service in changed {
            let instances = self.picture.instances(&service).to_vec();
            self.observer.discovered(at, Snapshot { source: self.label.clone(), service, instances });
        }
    }

    fn tell(&self, error: Option<Words>) {
        self.observer.source(
            clock::now(),
            SourceView {
                source: self.label.clone(),
                service: self.only.clone(),
                instances: self.picture.len(),
                left_out: self.picture.left_out(),
                error,
            },
        );
    }
}

fn silent() -> SourceError {
    SourceError(say!("source.no_answer", "no answer for %{seconds} s", seconds = SUBSCRIBE_TIMEOUT.as_secs()).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;

    use super::super::Update;
    use super::*;
    use crate::observer::Quiet;

    type Told = Result<Update, SourceError>;

    /// A source whose subscriptions and updates a test hands out.
    #[derive(Debug)]
    struct Scripted(tokio::sync::Mutex<mpsc::Receiver<Result<mpsc::Receiver<Told>, SourceError>>>);

    impl Source for Scripted {
        fn label(&self) -> String {
            "scripted".to_owned()
        }

        fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Feed>, SourceError>> {
            async {
                let feed: Box<dyn Feed> = Box::new(Hand(self.0.lock().await.recv().await.unwrap()?));
                Ok(feed)
            }
            .boxed()
        }
    }

    struct Hand(mpsc::Receiver<Told>);

    impl Feed for Hand {
        fn next(&mut self) -> BoxFuture<'_, Told> {
            async { self.0.recv().await.unwrap_or_else(|| Err(SourceError("hung up".into()))) }.boxed()
        }
    }

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Observer for Seen {
        fn flow(&self, _: callscope_wire::FlowId, _: Time, _: callscope_wire::capture::FlowEvent) {}
        fn breaker(&self, _: Time, _: crate::observer::BreakerView) {}
        fn discovered(&self, _: Time, snapshot: Snapshot) {
            let ids: Vec<_> = snapshot.instances.iter().map(|instance| instance.id.as_str()).collect();
            self.0.lock().unwrap().push(format!("{}: {}", snapshot.service, ids.join(" ")));
        }
        fn source(&self, _: Time, view: SourceView) {
            self.0.lock().unwrap().push(view.error.map_or_else(|| "fine".to_owned(), |error| error.to_string()));
        }
    }

    fn instance(id: &str) -> Instance {
        serde_json::from_value(serde_json::json!({ "service": "orders", "id": id, "address": "native://h:1" })).unwrap()
    }

    async fn until(watcher: &Watcher, wanted: impl Fn(&View) -> bool) -> View {
        watcher.view.clone().wait_for(|view| wanted(view)).await.unwrap().clone()
    }

    fn ids(view: &View) -> Vec<String> {
        view.instances("orders").unwrap().iter().map(|instance| instance.id.clone()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_picture_outlives_the_source() {
        let (subscriptions, scripted) = mpsc::channel(4);
        let source = Arc::new(Scripted(tokio::sync::Mutex::new(scripted)));
        let seen = Arc::new(Seen::default());
        let watcher = Watcher::start(&Handle::current(), source, Some("orders".to_owned()), seen.clone());
        assert!(watcher.view().instances("orders").is_none(), "nobody knows yet");

        subscriptions.send(Err(SourceError("refused".into()))).await.unwrap();
        let view = watcher.settled().await;
        assert_eq!((&view.error, view.instances("orders").is_none()), (&Some("refused".into()), true));
        // Whoever asks now gets a new answer, not the old one.
        subscriptions.send(Err(SourceError("refused again".into()))).await.unwrap();
        assert_eq!(watcher.settled().await.error, Some("refused again".into()));

        let (updates, feed) = mpsc::channel(4);
        updates.send(Ok(Update::Snapshot(vec![instance("a"), instance("b")]))).await.unwrap();
        subscriptions.send(Ok(feed)).await.unwrap();
        let view = until(&watcher, |view| view.error.is_none()).await;
        assert_eq!(ids(&view), ["a", "b"]);

        drop(updates);
        let view = until(&watcher, |view| view.error.is_some()).await;
        assert_eq!(ids(&view), ["a", "b"], "an error never empties the picture");

        let (updates, feed) = mpsc::channel(4);
        updates.send(Ok(Update::Snapshot(vec![instance("b")]))).await.unwrap();
        subscriptions.send(Ok(feed)).await.unwrap();
        let view = until(&watcher, |view| view.error.is_none()).await;
        assert_eq!(ids(&view), ["b"]);
        updates.send(Ok(Update::Gone { service: "orders".to_owned(), id: "b".to_owned() })).await.unwrap();
        until(&watcher, |view| ids(view).is_empty()).await;
        assert_eq!(
            *seen.0.lock().unwrap(),
            ["refused", "refused again", "orders: a b", "fine", "hung up", "orders: b", "fine", "orders: "]
        );
    }

    #[tokio::test]
    async fn a_service_that_nobody_serves_is_known_to_be_empty() {
        let (subscriptions, scripted) = mpsc::channel(1);
        let source = Arc::new(Scripted(tokio::sync::Mutex::new(scripted)));
        let watcher = Watcher::start(&Handle::current(), source, Some("orders".to_owned()), Arc::new(Quiet));
        let (updates, feed) = mpsc::channel(1);
        updates.send(Ok(Update::Snapshot(Vec::new()))).await.unwrap();
        subscriptions.send(Ok(feed)).await.unwrap();
        assert!(watcher.settled().await.instances("orders").unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_takes_the_subscription_and_says_nothing_is_away() {
        let (subscriptions, scripted) = mpsc::channel(1);
        let source = Arc::new(Scripted(tokio::sync::Mutex::new(scripted)));
        let watcher = Watcher::start(&Handle::current(), source, Some("orders".to_owned()), Arc::new(Quiet));
        let (_silent, feed) = mpsc::channel(1);
        subscriptions.send(Ok(feed)).await.unwrap();
        assert_eq!(watcher.settled().await.error.unwrap(), "no answer for 10 s");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_behind_the_first_answer_is_no_news() {
        let (subscriptions, scripted) = mpsc::channel(1);
        let source = Arc::new(Scripted(tokio::sync::Mutex::new(scripted)));
        let watcher = Watcher::start(&Handle::current(), source, Some("orders".to_owned()), Arc::new(Quiet));
        let (updates, feed) = mpsc::channel(1);
        updates.send(Ok(Update::Snapshot(vec![instance("a")]))).await.unwrap();
        subscriptions.send(Ok(feed)).await.unwrap();
        assert_eq!(ids(&watcher.settled().await), ["a"]);
        tokio::time::advance(SUBSCRIBE_TIMEOUT * 6).await;
        updates.send(Ok(Update::Put(instance("b")))).await.unwrap();
        let view = until(&watcher, |view| ids(view).len() == 2).await;
        assert_eq!(view.error, None);
    }
}
