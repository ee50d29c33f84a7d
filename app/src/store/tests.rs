//! Files as users meet them: kept, broken, newer, changed by somebody else, half written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use callscope_wire::policy::{Balance, Retry};
use callscope_wire::{Codec, Compression};
use tempfile::TempDir;

use super::{Outside, Over, StoreError, atomic, delete, duplicate, inherited, load, move_to, new_folder, outside};
use super::{rename, restore, sample, save, scan, unpack_sample};
use crate::model::draft::{Draft, MetadataRow, PreparedMessage};
use crate::model::workspace::Entry;

fn workspace() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sample");
    unpack_sample(&root).unwrap();
    (folder, root)
}

fn write(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("a.call.yaml");
    fs::write(&path, text).unwrap();
    path
}

fn paths(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .flat_map(|entry| match entry {
            Entry::Folder { path, entries } => {
                let mut all = vec![format!("{}/", path.display())];
                all.extend(paths(entries));
                all
            }
            Entry::Call { path, .. } => vec![path.display().to_string()],
        })
        .collect()
}

#[test]
fn every_sample_call_loads_and_saves_to_the_same_bytes() {
    let (_keep, root) = workspace();
    let on_disk = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo")).unwrap().count();
    let folders = sample::ALL.iter().filter_map(|(path, _)| path.split_once('/')).map(|(folder, _)| folder);
    let folders: std::collections::BTreeSet<_> = folders.collect();
    assert_eq!(on_disk, folders.len() + 1, "a folder of assets/demo is missing in store::sample");
    for (path, text) in sample::ALL {
        let path = root.join(path);
        if !path.to_string_lossy().ends_with(super::EXTENSION) {
            continue;
        }
        let loaded = load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert!(loaded.draft.target.starts_with("registry:///"), "{path:?}");
        assert!(!loaded.draft.messages.is_empty(), "{path:?}");
        save(&path, &loaded.draft, Over::Read(&loaded.stamp)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), *text, "{path:?}");
        let inherited = inherited(Some(&root), &path).unwrap();
        let effective = inherited.effective(&loaded.draft);
        assert_eq!(effective.policy.retry.unwrap().max_attempts, 3);
        assert_eq!(effective.policy.breaker.unwrap().sliding_window_size, 20);
        assert_eq!(effective.policy.balance, Some(Balance::P2c));
    }
    let found = scan(&root).unwrap();
    assert_eq!(found.entries.iter().map(Entry::count).sum::<usize>(), sample::ALL.len() - 1);
    assert!(!found.truncated);
}

#[test]
fn a_draft_comes_back_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/deep/place-order.call.yaml");
    let draft = Draft {
        name: "Place order: 下单".into(),
        target: "registry:///orders@orders-2".into(),
        method: "shop.Orders/Place".into(),
        deadline: Some(Duration::from_millis(1500)),
        codec: Some(Codec::Msgpack),
        compression: Some(Compression::None),
        metadata: vec![
            MetadataRow { enabled: true, name: "authorization".into(), value: "Bearer {{token}}".into() },
            MetadataRow { enabled: false, name: "x-empty".into(), value: String::new() },
        ],
        tls: crate::model::tls::Tls { ca: Some("certs/ca.pem".into()), ..Default::default() },
        messages: vec![
            PreparedMessage { text: "{\n  \"sku\": \"A1\",\n  \"qty\": 2\n}".into(), after: None },
            PreparedMessage { text: "{ \"half\": ".into(), after: Some(Duration::from_millis(250)) },
            PreparedMessage { text: "{ \"n\": 123456789012345678901234567890 }".into(), after: None },
            PreparedMessage { text: String::new(), after: None },
        ],
        policy: callscope_wire::policy::Policy { retry: Some(Retry::default()), ..Default::default() },
        off: crate::model::draft::Off { breaker: true, ..Default::default() },
        docs: "First line.\n\nThird: # not a comment\n".into(),
    };
    let stamp = save(&path, &draft, Over::Nothing).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(loaded.draft, draft, "{}", fs::read_to_string(&path).unwrap());
    assert_eq!(loaded.stamp, stamp);
    assert!(matches!(save(&path, &draft, Over::Nothing), Err(StoreError::Exists { .. })));
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("callscope: 1\nname: \"Place order: 下单\"\ntarget: \"registry:///orders@orders-2\"\n"),
        "{text}"
    );
    assert!(!text.contains('\r') && text.ends_with('\n'));
}

#[test]
fn what_we_do_not_know_survives_a_save() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# kept\ncallscope: 1\ntarget: native://h:1 # kept too\nmethod: a.B/C\nx-team: { lead: [ada,  bob] }\nmessages:\n  - { json: {a: 1}, x-note: hi }\n  - file: body.json\npolicy:\n  breaker: off\n  hedging: { delay: 1ms }\nexpect: [ 'status == \"OK\"' ]\n";
    let path = write(&folder, text);
    fs::write(folder.path().join("body.json"), "{ \"from\": \"file\" }").unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(loaded.draft.messages[1].text, "{ \"from\": \"file\" }");

    let mut draft = loaded.draft.clone();
    draft.deadline = Some(Duration::from_millis(800));
    draft.messages[0].text = "{\n  \"a\": 2\n}".into();
    draft.policy.balance = Some(Balance::RoundRobin);
    save(&path, &draft, Over::Read(&loaded.stamp)).unwrap();
    let saved = fs::read_to_string(&path).unwrap();
    assert_eq!(
        saved,
        "# kept\ncallscope: 1\ntarget: native://h:1 # kept too\nmethod: a.B/C\nx-team: { lead: [ada,  bob] }\ndeadline: 800ms\nmessages:\n  - { x-note: hi, json: { a: 2 } }\n  - { file: body.json }\npolicy: { breaker: \"off\", hedging: { delay: 1ms }, balance: round_robin }\nexpect: [ 'status == \"OK\"' ]\n"
    );
    assert_eq!(load(&path).unwrap().draft, draft);
}

#[test]
fn invalid_files_name_line_and_column_and_are_never_written() {
    let folder = tempfile::tempdir().unwrap();
    for (text, line, words) in [
        ("callscope: 1\ntarget: a\nmethod: b\ndeadline: 8 weeks\n", 4, "weeks"),
        ("callscope: 1\ntarget: a\nmethod: b\nmetadata:\n  - name: x\n    value: [\n", 6, ""),
        ("callscope: 1\ntarget: a\n", 2, "method"),
        ("callscope: 1\ntarget: a\nmethod: b\nmethod: c\n", 4, "method"),
        ("callscope: one\ntarget: a\nmethod: b\n", 1, "write 1"),
        ("target: a\nmethod: b\n", 1, "callscope: 1"),
        ("- a\n", 1, ""),
        ("callscope: 1\ntarget: a\nmethod: b\npolicy:\n  retry: { max_atempts: 3 }\n", 5, "max_atempts"),
        ("callscope: 1\ntarget: a\nmethod: b\npolicy: { breaker: maybe }\n", 4, "maybe"),
        ("callscope: 1\ntarget: a\nmethod: b\nmessages:\n  - { json: 1, text: a }\n", 4, "more than one"),
    ] {
        let path = write(&folder, text);
        let error = load(&path).unwrap_err();
        let StoreError::Invalid { line: found, column, ref message, .. } = error else { panic!("{error:?}") };
        assert_eq!(found, line, "{text}\n{error}");
        assert!(column >= 1 && message.to_string().contains(words), "{text}\n{error}");
        for over in [Over::Nothing, Over::Anything] {
            save(&path, &Draft::default(), over).unwrap_err();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let Entry::Call { error, .. } = &scan(folder.path()).unwrap().entries[0] else { panic!() };
        assert!(error.as_ref().unwrap().to_string().contains(&format!("line {line}, column")), "{error:?}");
    }
    let path = write(&folder, "");
    fs::write(&path, b"callscope: 1\nname: \xff\n").unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.to_string(), "a.call.yaml, line 2, column 7: the bytes here are no UTF-8");
}

#[test]
fn a_newer_format_opens_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let text = "callscope: 2\nname: From tomorrow\ntarget: native://h:1\nmethod: a.B/C\nmessages: { all: new }\n";
    let path = write(&folder, text);
    let loaded = load(&path).unwrap();
    assert_eq!((loaded.newer, loaded.draft.name.as_str()), (Some(2), "From tomorrow"));
    let error = save(&path, &loaded.draft, Over::Read(&loaded.stamp)).unwrap_err();
    assert!(matches!(error, StoreError::Newer { version: 2, .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_that_changed_outside_is_not_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "callscope: 1\ntarget: native://h:1\nmethod: a.B/C\n");
    let loaded = load(&path).unwrap();
    assert_eq!(outside(&path, &loaded.stamp), Outside::Same);
    let theirs = "callscope: 1\ntarget: native://h:1\nmethod: a.B/D # theirs\n";
    fs::write(&path, theirs).unwrap();
    assert_eq!(outside(&path, &loaded.stamp), Outside::Changed);
    let mine = Draft { docs: "mine".into(), ..loaded.draft.clone() };
    assert!(matches!(save(&path, &mine, Over::Read(&loaded.stamp)), Err(StoreError::Conflict { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    // Keep mine; then nothing is in the way any more.
    let stamp = save(&path, &mine, Over::Anything).unwrap();
    assert_eq!(load(&path).unwrap().draft, mine);
    assert_eq!(outside(&path, &stamp), Outside::Same);
    fs::remove_file(&path).unwrap();
    assert_eq!(outside(&path, &stamp), Outside::Gone);
    save(&path, &mine, Over::Read(&stamp)).unwrap();
}

#[test]
fn deleted_calls_and_folders_come_back() {
    let (_keep, root) = workspace();
    let before = scan(&root).unwrap();
    let call = delete(&root, Path::new("orders/place-order.call.yaml")).unwrap();
    let folder = delete(&root, Path::new("orders")).unwrap();
    assert!(!paths(&scan(&root).unwrap().entries).iter().any(|path| path.starts_with("orders")));
    restore(&root, &folder).unwrap();
    restore(&root, &call).unwrap();
    assert_eq!(scan(&root).unwrap(), before);
    assert_eq!(fs::read_dir(root.join(".callscope/trash")).unwrap().count(), 0);
    // Its place was taken: nothing is overwritten and nothing is lost.
    let call = delete(&root, Path::new("chat/talk.call.yaml")).unwrap();
    fs::write(root.join("chat/talk.call.yaml"), "callscope: 1\ntarget: a\nmethod: b\n").unwrap();
    assert!(matches!(restore(&root, &call), Err(StoreError::Exists { .. })));
    assert!(call.kept.exists());
}

#[test]
fn renaming_copying_and_moving_keep_the_rest() {
    let (_keep, root) = workspace();
    let path = rename(&root, Path::new("orders/place-order.call.yaml"), "Order: now!").unwrap();
    assert_eq!(path, Path::new("orders/order-now!.call.yaml"));
    let text = fs::read_to_string(root.join(&path)).unwrap();
    assert!(text.contains("name: \"Order: now!\"\nseq: 10\n") && text.contains("ship_to: { name: 王小明"), "{text}");
    assert!(matches!(rename(&root, &path, "get order"), Err(StoreError::Exists { .. })));
    assert_eq!(load(&root.join(&path)).unwrap().draft.name, "Order: now!");

    let copy = duplicate(&root, Path::new("orders/get-order.call.yaml")).unwrap();
    let second = duplicate(&root, &copy).unwrap();
    assert_eq!(
        (copy.to_str(), second.to_str()),
        (Some("orders/get-order-2.call.yaml"), Some("orders/get-order-3.call.yaml"))
    );
    assert_eq!(load(&root.join(second)).unwrap().draft.name, "Get order 3");

    assert_eq!(new_folder(&root, Path::new(""), "New folder").unwrap(), Path::new("New folder"));
    let second = new_folder(&root, Path::new(""), "New folder").unwrap();
    assert_eq!(second, Path::new("New folder 2"));
    let renamed = rename(&root, &second, "a/b: c").unwrap();
    assert_eq!(renamed, Path::new("a b c"));
    let moved = move_to(&root, &copy, &renamed).unwrap();
    assert_eq!(moved, Path::new("a b c/get-order-2.call.yaml"));
    assert!(root.join(moved).exists());
    for outside in ["../x.call.yaml", "/etc/passwd", "a/../../b"] {
        assert!(matches!(delete(&root, Path::new(outside)), Err(StoreError::Outside { .. })), "{outside}");
    }
}

#[test]
fn names_are_safe_on_every_system() {
    for (name, file) in [
        ("Place order", "place-order.call.yaml"),
        ("  ..a/b\\c  ", "a-b-c.call.yaml"),
        ("", "call.call.yaml"),
        ("???", "call.call.yaml"),
        ("你好", "你好.call.yaml"),
        ("CON", "con_.call.yaml"),
        ("com1.x", "com1.x_.call.yaml"),
        ("a\u{0}b\n", "a-b.call.yaml"),
    ] {
        assert_eq!(super::file_name(name), file);
    }
    assert!(super::file_name(&"界".repeat(500)).len() < 255);
}

#[test]
fn defaults_are_inherited_downwards_and_can_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("defaults.yaml"), "callscope: 1\ndeadline: 1s\ncodec: msgpack\ncompression: lz4\nmetadata:\n  - { name: x-tenant, value: outer }\n  - { name: x-only, value: outer }\npolicy: { retry: {}, breaker: {} }\n").unwrap();
    fs::write(
        root.join("a/defaults.yaml"),
        "callscope: 1\ncodec: cbor\nmetadata: [{ name: X-Tenant, value: inner }]\npolicy: { retry: off }\n",
    )
    .unwrap();
    let path = root.join("a/b/c.call.yaml");
    fs::write(&path, "callscope: 1\ntarget: native://h:1\nmethod: a.B/C\nmetadata: [{ name: x-own, value: own }]\ncompression: none\npolicy: { breaker: off, balance: p2c }\n").unwrap();
    let all = inherited(Some(root), &path).unwrap();
    assert_eq!(all.files.len(), 2);
    let effective = all.effective(&load(&path).unwrap().draft);
    let rows: Vec<_> = effective.metadata.iter().map(|row| (row.name.as_str(), row.value.as_str())).collect();
    assert_eq!(rows, [("x-only", "outer"), ("X-Tenant", "inner"), ("x-own", "own")]);
    assert_eq!(effective.deadline, Some(Duration::from_secs(1)));
    let encoding = effective.encoding();
    assert_eq!((encoding.codec, encoding.compression), (Codec::Cbor, Compression::None));
    assert_eq!((effective.policy.retry, effective.policy.breaker), (None, None));
    assert_eq!(effective.policy.balance, Some(Balance::P2c));
    // A call from elsewhere inherits from its own folder alone.
    assert_eq!(inherited(Some(Path::new("/nowhere")), &path).unwrap().files.len(), 0);
    fs::write(root.join("a/defaults.yaml"), "callscope: 1\ndeadline: soon\n").unwrap();
    let error = inherited(Some(root), &path).unwrap_err();
    assert!(error.to_string().starts_with("defaults.yaml, line 2, column"), "{error}");
}

#[test]
fn scans_pass_over_what_is_not_ours() {
    let (_keep, root) = workspace();
    let before = scan(&root).unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(root.join(".git/x.call.yaml"), "nonsense").unwrap();
    fs::write(root.join(".callscope-abc123"), "half of a sa").unwrap();
    fs::write(root.join("README.md"), "# hi").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&root, root.join("orders/loop")).unwrap();
    assert_eq!(scan(&root).unwrap(), before);
    assert!(scan(&root.join("nowhere")).is_err());
}

/// Run as a child of the test below; saves until it is killed.
#[test]
#[ignore = "only as a child process"]
fn child_that_saves_until_it_is_killed() {
    let Some(path) = std::env::var_os("CALLSCOPE_TEST_SAVE") else { return };
    let path = Path::new(&path);
    for round in 0_u64.. {
        let filling = if round.is_multiple_of(2) { "even " } else { "odd " };
        let draft = Draft {
            name: "a".into(),
            target: "native://h:1".into(),
            method: "a.B/C".into(),
            docs: filling.repeat(20_000),
            ..Draft::default()
        };
        save(path, &draft, Over::Anything).unwrap();
    }
}

#[test]
fn a_process_killed_while_saving_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.call.yaml");
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::child_that_saves_until_it_is_killed", "--ignored"])
            .env("CALLSCOPE_TEST_SAVE", &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 2 {
            assert!(child.try_wait().unwrap().is_none(), "the child ended");
            match load(&path) {
                Ok(loaded) => drop(seen.insert(loaded.draft.docs.len())),
                Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => panic!("{error}"),
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!([100_000, 80_000].contains(&load(&path).unwrap().draft.docs.len()));
    }
    for item in fs::read_dir(folder.path()).unwrap() {
        let name = item.unwrap().file_name().into_string().unwrap();
        assert!(name == "a.call.yaml" || name.starts_with(atomic::TEMP_PREFIX), "{name}");
    }
    assert_eq!(scan(folder.path()).unwrap().entries.len(), 1);
}

#[test]
fn tls_is_inherited_value_by_value_and_says_from_where() {
    use crate::model::tls::TlsKey;
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    let inner = root.join("shop");
    fs::create_dir(&inner).unwrap();
    fs::write(root.join("defaults.yaml"), "callscope: 1\ntls: { ca: certs/ca.pem, server_name: outer }\n").unwrap();
    fs::write(inner.join("defaults.yaml"), "callscope: 1\ntls: { server_name: inner }\n").unwrap();
    let path = inner.join("a.call.yaml");
    let text = "callscope: 1\ntarget: native+tls://h:1\nmethod: a.B/C\ntls: { cert: c.pem, key: c.key }\n";
    fs::write(&path, text).unwrap();
    let loaded = load(&path).unwrap();
    let inherited = inherited(Some(root), &path).unwrap();
    assert_eq!(inherited.tls_from[&TlsKey::Ca], root.join("defaults.yaml"));
    assert_eq!(inherited.tls_from[&TlsKey::ServerName], inner.join("defaults.yaml"));
    let tls = inherited.effective(&loaded.draft).tls;
    let all: Vec<_> = TlsKey::ALL.iter().map(|key| tls.get(*key).unwrap()).collect();
    assert_eq!(all, ["certs/ca.pem", "c.pem", "c.key", "inner"]);
    let wrong = "callscope: 1\ntarget: a\nmethod: b\ntls: { cer: x }\n";
    fs::write(&path, wrong).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("cer"));
}
