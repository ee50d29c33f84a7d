//! `demo.Files`: upload and download in chunks, each with its checksum.
//!
//! Nothing is kept of an upload but its length and checksum; the files to download are made here.

use std::sync::LazyLock;

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::json;

use super::{base64, bulk};
use crate::describe::{field, idempotent, list, method, optional, record, service};
use crate::server::{Inbound, Outbound, Router, decode};

/// Bytes of a chunk, unless asked otherwise; and at most, so that a chunk fits any message limit.
const CHUNK: usize = 16 << 10;
const LARGEST_CHUNK: usize = 1 << 20;

const README: &str = "\
Callscope demo files
====================

This file came in chunks. Each chunk says where it belongs (offset), what it holds (data, base64),
and how to tell that it is whole (crc32c).

Ask for a smaller chunk_bytes to see more of them, or for noise.bin to see many.

\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}\u{3002}
";

const POEM: &str = "静夜思\n李白\n\n床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。\n";

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.unary("demo.Files/List", async |_, _| Ok(listing()));
    router.server_stream("demo.Files/Download", |_, request, outbound| download(request, outbound));
    router.client_stream("demo.Files/Upload", |_, inbound| upload(inbound));
    router.unary_json("demo.Files/Generate", |_, request| bulk::generate(request));
}

#[derive(Deserialize)]
struct DownloadRequest {
    name: String,
    #[serde(default)]
    chunk_bytes: Option<usize>,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    offset: Option<u64>,
    data: String,
    #[serde(default)]
    crc32c: Option<u32>,
}

/// Name and content. The noise is the same every time. Made once: a thousand downloads share it.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let mut random = fastrand::Rng::with_seed(0x6361_6c6c);
    let noise = std::iter::repeat_with(|| random.u8(..)).take(1 << 20).collect();
    vec![("readme.txt", README.into()), ("poem.txt", POEM.into()), ("noise.bin", noise), ("empty.txt", Vec::new())]
});

fn listing() -> Value {
    let files: Vec<_> = FILES
        .iter()
        .map(|(name, content)| json!({ "name": name, "size": content.len(), "crc32c": crc32c::crc32c(content) }))
        .collect();
    json!({ "files": files })
}

async fn download(request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let DownloadRequest { name, chunk_bytes } = decode(request)?;
    let chunk = chunk_bytes.unwrap_or(CHUNK);
    if !(1..=LARGEST_CHUNK).contains(&chunk) {
        let message = format!("chunk_bytes is {chunk}, but it must be 1 to {LARGEST_CHUNK}");
        return Err(Status::new(Code::INVALID_ARGUMENT, message));
    }
    let Some((_, content)) = FILES.iter().find(|(known, _)| *known == name) else {
        let known = FILES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        return Err(Status::new(Code::NOT_FOUND, format!("there is no file `{name}`; there are {known}")));
    };
    let mut offset = 0;
    loop {
        let data = content.get(offset..content.len().min(offset + chunk)).unwrap_or_default();
        let last = offset + data.len() >= content.len();
        let message = json!({
            "offset": offset,
            "data": base64::encode(data),
            "crc32c": crc32c::crc32c(data),
            "last": last,
        });
        offset += data.len();
        outbound.send(message).await?;
        if last {
            return Ok(());
        }
        // Encoding is work: others may want to run.
        tokio::task::yield_now().await;
    }
}

async fn upload(mut inbound: Inbound) -> Result<Value, Status> {
    let (mut bytes, mut chunks, mut sum) = (0_u64, 0_u64, 0_u32);
    while let Some(message) = inbound.next().await? {
        let Chunk { offset, data, crc32c: claimed } = decode(message)?;
        let place = format!("chunk {}", chunks + 1);
        let data = base64::decode(&data)
            .map_err(|why| Status::new(Code::INVALID_ARGUMENT, format!("data of {place} is wrong: {why}")))?;
        if let Some(offset) = offset
            && offset != bytes
        {
            let message = format!("{place} belongs at {offset}, but {bytes} bytes are here");
            return Err(Status::new(Code::OUT_OF_RANGE, message));
        }
        let found = crc32c::crc32c(&data);
        if let Some(claimed) = claimed
            && claimed != found
        {
            let details = vec![json!({ "chunk": chunks + 1, "expected": claimed, "found": found })];
            let message = format!("{place} was damaged: its crc32c is {found}, not {claimed}");
            return Err(Status { details, ..Status::new(Code::DATA_LOSS, message) });
        }
        sum = crc32c::crc32c_append(sum, &data);
        bytes += data.len() as u64;
        chunks += 1;
    }
    Ok(json!({ "bytes": bytes, "chunks": chunks, "crc32c": sum }))
}

fn declared() -> (Service, Vec<TypeDef>) {
    let size = |name, docs, example: Value| field(name, TypeRef::Uint64, docs, example);
    let checksum = |docs| field("crc32c", TypeRef::Uint32, docs, json!(3_610_203_811_u32));
    let service = service(
        "demo.Files",
        "Files in chunks, each with its checksum.",
        vec![
            idempotent(method("List", Shape::Unary, "demo.ListFilesRequest", "demo.FileList", "What there is.")),
            idempotent(method(
                "Download",
                Shape::ServerStream,
                "demo.DownloadRequest",
                "demo.FileChunk",
                "A file, chunk after chunk; the last one says so.",
            )),
            method(
                "Upload",
                Shape::ClientStream,
                "demo.UploadChunk",
                "demo.UploadResponse",
                "Takes chunks and answers with what arrived. DATA_LOSS if a checksum does not match. Nothing is kept.",
            ),
            bulk::method(),
        ],
    );
    let mut types = vec![
        record("demo.ListFilesRequest", "No fields.", Vec::new()),
        record(
            "demo.FileList",
            "The files.",
            vec![field("files", list("demo.FileInfo"), "In no order that matters.", Value::Null)],
        ),
        record(
            "demo.FileInfo",
            "One file.",
            vec![
                field("name", TypeRef::String, "Its name.", json!("readme.txt")),
                size("size", "Bytes.", json!(403)),
                checksum("Of all its bytes."),
            ],
        ),
        record(
            "demo.DownloadRequest",
            "What to download.",
            vec![
                field("name", TypeRef::String, "As List has it.", json!("readme.txt")),
                optional("chunk_bytes", TypeRef::Uint64, "1 to 1048576; without it 16384.", json!(128)),
            ],
        ),
        record(
            "demo.FileChunk",
            "A piece of a file.",
            vec![
                size("offset", "Where it belongs.", json!(0)),
                field("data", TypeRef::Bytes, "Its bytes.", json!("Q2FsbHNjb3Bl")),
                checksum("Of its bytes."),
                field("last", TypeRef::Bool, "Nothing follows.", json!(true)),
            ],
        ),
        record(
            "demo.UploadChunk",
            "A piece of a file.",
            vec![
                optional(
                    "offset",
                    TypeRef::Uint64,
                    "Where it belongs; it must be where the one before ended.",
                    json!(0),
                ),
                field("data", TypeRef::Bytes, "Its bytes.", json!("Q2FsbHNjb3Bl")),
                // The checksum of the example's data, so that the pre-filled call works.
                optional(
                    "crc32c",
                    TypeRef::Uint32,
                    "Of its bytes; checked if it is there.",
                    json!(crc32c::crc32c(b"Callscope")),
                ),
            ],
        ),
        record(
            "demo.UploadResponse",
            "What arrived.",
            vec![
                size("bytes", "In all chunks together.", json!(9)),
                size("chunks", "How many there were.", json!(1)),
                checksum("Of all bytes."),
            ],
        ),
    ];
    types.extend(bulk::types());
    (service, types)
}
